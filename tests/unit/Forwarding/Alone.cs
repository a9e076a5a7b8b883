using Xunit;

namespace NodeMesh.UnitTests.Forwarding;

/// <summary>Tests that run while no other does.</summary>
[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class Alone;
