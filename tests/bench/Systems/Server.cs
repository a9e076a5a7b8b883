using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

/// <summary>The app in a server pod, the same for every system: nginx for HTTP, backend.c for opaque work.</summary>
internal sealed class Server : IAsyncDisposable
{
    private readonly Pod _pod;
    private readonly Daemon _nginx;
    private readonly Daemon _backend;

    public Server(Pod pod, Workspace workspace, Cgroup cgroup)
    {
        _pod = pod;
        var placement = new Placement(pod.Namespace, cgroup);
        var name = "server-" + pod.Namespace;
        var file = workspace.PathOf(name + ".conf");
        File.WriteAllText(file, Configuration(workspace, name));
        File.WriteAllBytes(workspace.PathOf("reply.grpc"), GrpcMessage.Frame(64));
        _nginx = new Daemon(placement, workspace.PathOf(name + ".nginx.log"), "nginx", "-e", "stderr", "-p", workspace.Directory, "-c", file, "-g", "daemon off;");
        _backend = new Daemon(placement, workspace.PathOf(name + ".backend.log"), workspace.Backend, Ports.Opaque.Select(p => $"{p}"));
    }

    public async Task WaitAsync(Workspace workspace, CancellationToken cancelled)
    {
        await Listening.WaitAsync(_backend, workspace, _pod, _pod.Address, Ports.Echo, cancelled);
        _nginx.ThrowIfExited();
    }

    public async ValueTask DisposeAsync()
    {
        await _nginx.DisposeAsync();
        await _backend.DisposeAsync();
    }

    // A static file refuses POST with 405; the internal redirect makes the gRPC reply of it. The mirror to nowhere makes nginx read
    // the whole request first: an answer that overtakes its request ends in RST_STREAM, which a proxy may take for a failure.
    private static string Configuration(Workspace workspace, string name) =>
        $$"""
        {{NginxModules.Common(workspace, name, 1)}}
        http {
            access_log off;
            keepalive_timeout 600s;
            keepalive_requests 1000000000;
            open_file_cache max=16;
            server { listen {{Ports.Http1}} backlog=16384; location / { return 200 "{{new string('x', 64)}}"; } }
            server { listen {{Ports.H2c}} http2 backlog=16384; location / { return 200 "{{new string('x', 64)}}"; } }
            server {
                listen {{Ports.Grpc}} http2 backlog=16384;
                root {{workspace.Directory}};
                default_type application/grpc;
                error_page 405 =200 /reply.grpc;
                location = /bench.Echo/Say { mirror /nowhere; try_files /reply.grpc =404; }
                location = /nowhere { internal; return 204; }
                location = /reply.grpc { add_trailer grpc-status 0 always; }
            }
        }
        """;
}
