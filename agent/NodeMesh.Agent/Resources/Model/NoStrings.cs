using System.Collections.Frozen;

namespace NodeMesh.Agent.Resources.Model;

/// <summary>The empty map of every object without labels, annotations or selector.</summary>
internal static class NoStrings
{
    public static IReadOnlyDictionary<string, string> Map { get; } = FrozenDictionary<string, string>.Empty;
}
