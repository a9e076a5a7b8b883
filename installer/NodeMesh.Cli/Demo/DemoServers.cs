using NodeMesh.Cli.Demo.Apps;
using NodeMesh.Cli.Demo.Network;
using NodeMesh.Cli.Demo.Processes;

namespace NodeMesh.Cli.Demo;

/// <summary>The servers: nginx twice, Redis, and a gRPC server, each in its pod.</summary>
internal sealed class DemoServers(DemoCast cast, string directory, Undo undo)
{
    private readonly List<PodProcess> _processes = [];

    public IReadOnlyList<PodProcess> Processes => _processes;

    public void Start()
    {
        StartNginx(cast.WebV1);
        StartNginx(cast.WebV2);
        Start(cast.Redis, "redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", directory, "--loglevel", "warning");
        Start(cast.Quotes, Environment.ProcessPath!, AppsCommand.Name, "quotes-server", "--port", "9000");
    }

    private void StartNginx(DemoPod pod)
    {
        var prefix = Directory.CreateDirectory(Path.Combine(directory, pod.Name)).FullName;
        var configuration = Path.Combine(prefix, "nginx.conf");
        File.WriteAllText(configuration, $$"""
            daemon off;
            user www-data;
            worker_processes 1;
            pid {{prefix}}/nginx.pid;
            error_log stderr warn;
            events { }
            http {
              access_log off;
              client_body_temp_path {{prefix}}/body;
              proxy_temp_path {{prefix}}/proxy;
              fastcgi_temp_path {{prefix}}/fastcgi;
              uwsgi_temp_path {{prefix}}/uwsgi;
              scgi_temp_path {{prefix}}/scgi;
              server {
                listen 80;
                location / { return 200 "{{pod.App}} {{pod.Version}}\n"; }
              }
            }

            """);
        Start(pod, "nginx", "-e", "stderr", "-p", prefix, "-c", configuration);
    }

    private void Start(DemoPod pod, params IReadOnlyList<string> command) => _processes.Add(PodProcess.StartIn(pod, undo, command));
}
