using NodeMesh.Cli.Demo.Apps;
using NodeMesh.Cli.Demo.Network;
using NodeMesh.Cli.Demo.Processes;
using NodeMesh.Cli.Kernel;

namespace NodeMesh.Cli.Demo;

/// <summary>The servers: nginx twice, Redis, and a gRPC server, each in its pod.</summary>
internal sealed class DemoServers(DemoCast cast, string directory, Undo undo)
{
    private readonly List<PodProcess> _processes = [];
    private readonly Dictionary<string, PodProcess> _nginx = [];

    public IReadOnlyList<PodProcess> Processes => _processes;

    public void Start()
    {
        StartNginx(cast.WebV1);
        StartNginx(cast.WebV2);
        Start(cast.Redis, "redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", directory, "--loglevel", "warning");
        Start(cast.Quotes, Environment.ProcessPath!, AppsCommand.Name, "quotes-server", "--port", "9000");
    }

    /// <summary>From now on this nginx answers 500.</summary>
    public void Fail(DemoPod pod) => Configure(pod, 500, "out of order");

    public void Mend(DemoPod pod) => Configure(pod, 200, $"{pod.App} {pod.Version}");

    private void Configure(DemoPod pod, int status, string text)
    {
        WriteConfiguration(pod, status, text);
        Signals.Send(_nginx[pod.Name].Id, Signals.HangUp);
    }

    private void StartNginx(DemoPod pod)
    {
        var (prefix, configuration) = WriteConfiguration(pod, 200, $"{pod.App} {pod.Version}");
        _nginx[pod.Name] = Start(pod, "nginx", "-e", "stderr", "-p", prefix, "-c", configuration);
    }

    private (string Prefix, string Configuration) WriteConfiguration(DemoPod pod, int status, string text)
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
                location / { return {{status}} "{{text}}\n"; }
              }
            }

            """);
        return (prefix, configuration);
    }

    private PodProcess Start(DemoPod pod, params IReadOnlyList<string> command)
    {
        var process = PodProcess.StartIn(pod, undo, command);
        _processes.Add(process);
        return process;
    }
}
