using System.Collections.Immutable;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Faults;

/// <summary>The objects of a type at an earlier time.</summary>
public sealed record StaleState(long Version, ImmutableSortedDictionary<string, StoredObject> Objects);
