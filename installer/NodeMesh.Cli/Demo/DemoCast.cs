using System.Net;
using NodeMesh.Cli.Demo.Network;

namespace NodeMesh.Cli.Demo;

/// <summary>Who plays in the demo: six pods of one shop, three Services that clients know, and two that tell versions of one apart.</summary>
internal sealed class DemoCast(string prefix)
{
    public const string Namespace = "shop";
    public const string Gateway = "10.244.7.1";
    public const string ClusterNetwork = "10.96.0.0/16";
    public const string Web = "web";
    public const string Stable = "web-stable";
    public const string Canary = "web-canary";

    public DemoPod Frontend { get; } = Pod(prefix, "frontend", "frontend", "v1", 10);

    public DemoPod Worker { get; } = Pod(prefix, "worker", "worker", "v1", 11);

    public DemoPod WebV1 { get; } = Pod(prefix, "web-v1", "web", "v1", 21);

    public DemoPod WebV2 { get; } = Pod(prefix, "web-v2", "web", "v2", 22);

    public DemoPod Redis { get; } = Pod(prefix, "redis", "redis", "v1", 31);

    public DemoPod Quotes { get; } = Pod(prefix, "quotes", "quotes", "v1", 41);

    public IReadOnlyList<DemoPod> Pods => [Frontend, Worker, WebV1, WebV2, Redis, Quotes];

    public IReadOnlyList<DemoService> Services { get; } =
    [
        new(Web, "web", IPAddress.Parse("10.96.0.10"), 80, "http"),
        new(Stable, "web", IPAddress.Parse("10.96.0.13"), 80, "http", "v1"),
        new(Canary, "web", IPAddress.Parse("10.96.0.14"), 80, "http", "v2"),
        new("cache", "redis", IPAddress.Parse("10.96.0.11"), 6379, "tcp"),
        new("prices", "quotes", IPAddress.Parse("10.96.0.12"), 9000, "grpc"),
    ];

    public DemoService Service(string name) => Services.First(service => service.Name == name);

    /// <summary>The names the pods know, in the format of hosts(5): each pod by its own, each Service by its cluster IP.</summary>
    public string Hosts => string.Concat(
        Pods.Select(pod => $"{pod.Address} {pod.Name}\n")
            .Concat(Services.Select(service => $"{service.ClusterIp} {service.Name} {service.Name}.{Namespace}.svc.cluster.local\n"))
            .Prepend("127.0.0.1 localhost\n"));

    private static DemoPod Pod(string prefix, string name, string app, string version, byte host) =>
        new(name, app, version, new IPAddress([10, 244, 7, host]), $"{prefix}-{name}");
}
