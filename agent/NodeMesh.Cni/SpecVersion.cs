namespace NodeMesh.Cni;

/// <summary>Versions of the specification. Chaining, which is all this plugin does, came with 0.3.0.</summary>
internal static class SpecVersion
{
    public const string Newest = "1.1.0";

    public static IReadOnlyList<string> Supported { get; } = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", Newest];
}
