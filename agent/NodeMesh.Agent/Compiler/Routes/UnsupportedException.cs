namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>A rule asks for what this mesh does not do. Never leaves the compiler of the route.</summary>
internal sealed class UnsupportedException(string message, string reason = RouteReason.UnsupportedValue) : Exception(message)
{
    public string Reason => reason;
}
