using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

internal sealed class Haproxy(Workspace workspace) : Peer("haproxy", Topology.HaproxyAddress, workspace)
{
    public override string Description => "HAProxy: mode http with http-reuse always, h2c to h2c, mode tcp; no log";

    protected override string Program => "haproxy";

    protected override IReadOnlyList<string> Arguments()
    {
        var file = Workspace.PathOf("haproxy.cfg");
        File.WriteAllText(file, Configuration(Topology.Server.Address));
        return ["-db", "-f", file];
    }

    // Reusing upstream connections is what all the others do too.
    private string Configuration(string server) =>
        $"""
        global
            maxconn {OpenFiles.Connections}
        defaults
            mode http
            http-reuse always
            timeout connect 5s
            timeout client 600s
            timeout server 600s
            timeout tunnel 600s
        listen http1
            bind {Address}:{Ports.Http1}
            server s {server}:{Ports.Http1}
        listen h2c
            bind {Address}:{Ports.H2c} proto h2
            server s {server}:{Ports.H2c} proto h2
        listen grpc
            bind {Address}:{Ports.Grpc} proto h2
            server s {server}:{Ports.Grpc} proto h2
        {string.Concat(Ports.Opaque.Select(port => $"""
        listen tcp{port}
            mode tcp
            bind {Address}:{port}
            server s {server}:{port}

        """))}
        """;
}
