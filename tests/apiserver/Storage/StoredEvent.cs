namespace NodeMesh.TestApiServer.Storage;

/// <summary>A change. Before is null for what is new, After for what is gone.</summary>
/// <param name="Last">Of what is gone: as it was, with the version of its end.</param>
public sealed record StoredEvent(long Version, StoredObject? Before, StoredObject? After, StoredObject? Last);
