namespace NodeMesh.NodeTests.Kit;

/// <summary>
/// Two machines that every test of one capture mode shares which leaves them as they were: a meshed and a plain client on the near one,
/// a meshed and a plain server on each. Pods that a test adds for itself it removes itself.
/// </summary>
public abstract class SharedMesh(string capture) : IAsyncLifetime
{
    private readonly Dictionary<string, TestPod> _pods = [];

    public TestMesh Mesh { get; private set; } = null!;

    /// <summary>The machine of the clients and the near servers.</summary>
    public TestNode Near => Mesh.Nodes[0];

    public TestNode Far => Mesh.Nodes[1];

    public TestPod Client(bool meshed = true) => _pods[meshed ? "meshed-client" : "plain-client"];

    public TestPod Server(bool meshed = true, bool isNear = true) => _pods[$"{(isNear ? "near" : "far")}-{(meshed ? "meshed" : "plain")}"];

    public async ValueTask InitializeAsync()
    {
        Mesh = await TestMesh.CreateAsync(capture, nodes: 2);
        foreach (var (node, name) in new[]
        {
            (Near, "meshed-client"), (Near, "plain-client"), (Near, "near-meshed"), (Near, "near-plain"), (Far, "far-meshed"), (Far, "far-plain"),
        })
        {
            var pod = await node.AddPodAsync(name);
            _pods[name] = pod;
            Mesh.Resources.Pod(pod, enrolled: name.Contains("meshed", StringComparison.Ordinal));
            if (!name.Contains("client", StringComparison.Ordinal))
            {
                await pod.ServeAsync();
            }
        }
        await Mesh.StartAgentsAsync();
    }

    public ValueTask DisposeAsync() => Mesh?.DisposeAsync() ?? default;

    /// <summary>A pod for one test, on the near machine, captured by the time this returns.</summary>
    public async Task<TestPod> AddPodAsync(string name, bool enrolled = true, string app = "", string annotations = "")
    {
        var pod = await Near.AddPodAsync(name);
        Mesh.Resources.Pod(pod, enrolled, app, annotations: annotations);
        if (enrolled)
        {
            await Near.Agent.CapturedAsync(pod);
        }
        return pod;
    }

    /// <summary>Where a pod of this name has its files.</summary>
    public string Home(string pod) => $"{TestRun.Directory}/{Mesh.Name}/{pod}";

    /// <summary>A real nginx in a pod, with its files in the pod's <see cref="Home"/>; access.log there has a line for each request.</summary>
    /// <param name="locations">What its one server does; {home} in them is that directory.</param>
    public async Task StartNginxAsync(TestPod pod, int port, string locations)
    {
        var home = Directory.CreateDirectory(Home(pod.Name)).FullName;
        await File.WriteAllTextAsync($"{home}/nginx.conf", $$"""
            daemon off;
            worker_processes 1;
            user root;
            pid {{home}}/pid;
            error_log stderr;
            events {}
            http {
              access_log {{home}}/access.log;
              server {
                listen {{port}};
                listen [::]:{{port}};
                {{locations.Replace("{home}", home, StringComparison.Ordinal)}}
              }
            }
            """);
        await pod.StartAsync(port, "nginx", "-c", $"{home}/nginx.conf");
    }

    public async Task RemovePodAsync(TestPod pod)
    {
        Mesh.Resources.RemovePod(pod);
        await pod.Node.Agent.CapturedAsync(pod, captured: false);
        await pod.DisposeAsync();
    }
}

[CollectionDefinition("ebpf")]
public sealed class EbpfMesh() : SharedMesh("ebpf"), ICollectionFixture<EbpfMesh>;

[CollectionDefinition("iptables")]
public sealed class IptablesMesh() : SharedMesh("iptables"), ICollectionFixture<IptablesMesh>;
