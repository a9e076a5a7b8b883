using NodeMesh.Agent.Resources;

namespace NodeMesh.Agent.Compiler;

/// <summary>Resources to snapshot: a pure function. Same resources, same result, in whatever order they came; every problem is reported, none is thrown.</summary>
internal static class MeshCompiler
{
    public static Compilation Compile(ResourceSet resources, NodeContext node) =>
        new IncrementalCompiler(node.Name, node.OnFailure).Compile(resources, node.ObservedAddresses);
}
