using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Works;

namespace NodeMesh.Bench.Systems;

internal sealed class Nginx(Workspace workspace) : Peer("nginx", Topology.NginxAddress, workspace)
{
    public override string Description =>
        "nginx: proxy_pass with upstream keepalive (h2c to HTTP/1.1: it speaks no HTTP/2 upstream), grpc_pass, stream; no log";

    public override string? Refuses(Work work) =>
        work.IsOpaque && NginxModules.Stream() is null ? "no stream module: apt-get install libnginx-mod-stream" : null;

    protected override string Program => "nginx";

    protected override IReadOnlyList<string> Arguments()
    {
        var file = Workspace.PathOf("nginx.conf");
        File.WriteAllText(file, Configuration(Topology.Server.Address));
        return ["-e", "stderr", "-p", Workspace.Directory, "-c", file, "-g", "daemon off;"];
    }

    // The stream block comes first: the opaque port is what the bench waits for.
    private string Configuration(string server) =>
        $$"""
        {{NginxModules.LoadStream()}}
        {{NginxModules.Common(Workspace, "nginx", Environment.ProcessorCount)}}
        {{(NginxModules.Stream() is null ? "" : $$"""
        stream {
            proxy_timeout 600s;
            proxy_half_close on;
            proxy_buffer_size 64k;
        {{string.Concat(Ports.Opaque.Select(port => $"    server {{ listen {Address}:{port} reuseport; proxy_pass {server}:{port}; }}\n"))}}}
        """)}}
        http {
            access_log off;
            keepalive_timeout 600s;
            keepalive_requests 1000000000;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            upstream http1 { server {{server}}:{{Ports.Http1}}; keepalive 256; keepalive_requests 1000000000; }
            upstream grpc { server {{server}}:{{Ports.Grpc}}; keepalive 256; keepalive_requests 1000000000; }
            server { listen {{Address}}:{{Ports.Http1}} reuseport; location / { proxy_pass http://http1; } }
            server { listen {{Address}}:{{Ports.H2c}} http2 reuseport; location / { proxy_pass http://http1; } }
            server { listen {{Address}}:{{Ports.Grpc}} http2 reuseport; location / { grpc_pass grpc://grpc; } }
        }
        """;
}
