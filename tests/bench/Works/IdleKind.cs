using NodeMesh.Bench.Systems;

namespace NodeMesh.Bench.Works;

/// <summary>What an idle connection has spoken before it fell silent.</summary>
internal sealed record IdleKind(string Id, string LoadMode, int Port)
{
    public static readonly IdleKind Opaque = new("opaque", "idle", Ports.Echo);
    public static readonly IdleKind Http = new("HTTP/1.1", "idlehttp", Ports.Http1);
}
