using System.Net;
using System.Net.Sockets;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.NodeTests.Kubernetes;

/// <summary>
/// A machine with an API server beside it (or two, of which the first has it), and pods as a kubelet runs them: nothing names their network namespaces, and their processes
/// are in cgroups of the kubelet's making.
/// </summary>
public sealed class KubernetesNode : IAsyncDisposable
{
    private const int ApiPort = 6443;

    private readonly List<PodProcess> _pods = [];

    private KubernetesNode(TestMesh mesh, ApiServer server, string kubeconfig)
    {
        Mesh = mesh;
        Server = server;
        Kubeconfig = kubeconfig;
    }

    public TestMesh Mesh { get; }

    public TestNode Node => Mesh.Nodes[0];

    public ApiServer Server { get; }

    public string Kubeconfig { get; }

    public static async Task<KubernetesNode> CreateAsync(string capture = "ebpf", int nodes = 1)
    {
        var mesh = await TestMesh.CreateAsync(capture, nodes);
        // The other machine reaches it by the first one's address.
        var api = new IPEndPoint(nodes == 1 ? IPAddress.Loopback : mesh.Nodes[0].V4(1), ApiPort);
        var socket = NetnsSocket.Create(mesh.Nodes[0].Netns);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(api);
        var server = await ApiServer.StartAsync(new ApiServerOptions
        {
            Socket = (ulong)socket.SafeHandle.DangerousGetHandle(),
            DialPod = async (pod, cancellation) =>
            {
                var connection = NetnsSocket.Create(mesh.Nodes[0].Netns);
                await connection.ConnectAsync(pod, cancellation);
                return new NetworkStream(connection, ownsSocket: true);
            },
        });
        socket.SafeHandle.SetHandleAsInvalid(); // the server's now
        // Where the agents' Lease is.
        server.Store.Put("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"nodemesh-system"}}""");
        var kubeconfig = $"{TestRun.Directory}/{mesh.Name}/kubeconfig";
        await File.WriteAllTextAsync(kubeconfig, server.Kubeconfig($"http://{api}").Replace("{cluster: test,", "{namespace: nodemesh-system, cluster: test,", StringComparison.Ordinal));
        mesh.Source = ["--kubernetes", "--kubeconfig", kubeconfig];
        return new KubernetesNode(mesh, server, kubeconfig);
    }

    /// <summary>Runs a pod as a kubelet does: the sandbox's process first, in a cgroup of the pod's name; then its address is told.</summary>
    /// <param name="node">null: on the first machine.</param>
    public async Task<PodProcess> RunAsync(string name, bool isEnrolled = true, TestNode? node = null)
    {
        var pod = new PodProcess(await (node ?? Node).AddPodAsync(name), Guid.NewGuid().ToString());
        _pods.Add(pod);
        await pod.StartAsync();
        Declare(pod, isEnrolled);
        return pod;
    }

    public void Declare(PodProcess pod, bool isEnrolled) => Server.Store.Put($$$"""
        {"apiVersion":"v1","kind":"Pod",
         "metadata":{"namespace":"default","name":"{{{pod.Pod.Name}}}","uid":"{{{pod.Uid}}}","labels":{"app":"{{{pod.Pod.Name}}}","nodemesh.io/mesh":"{{{(isEnrolled ? "enabled" : "disabled")}}}"}},
         "spec":{"nodeName":"{{{pod.Pod.Node.Name}}}","containers":[{"name":"app","image":"none"}]},
         "status":{"phase":"Running","podIP":"{{{pod.Pod.V4}}}","podIPs":[{"ip":"{{{pod.Pod.V4}}}"},{"ip":"{{{pod.Pod.V6}}}"}],"conditions":[{"type":"Ready","status":"True"}]}}
        """);

    public void Service(string name, string clusterIp, params PodProcess[] pods)
    {
        Server.Store.Put($$$"""
            {"apiVersion":"v1","kind":"Service","metadata":{"namespace":"default","name":"{{{name}}}"},
             "spec":{"clusterIP":"{{{clusterIp}}}","clusterIPs":["{{{clusterIp}}}"],"ports":[{"name":"http","port":80,"targetPort":8080,"protocol":"TCP"}]}}
            """);
        var endpoints = pods.Select(pod =>
            $"{{\"addresses\":[\"{pod.Pod.V4}\"],\"conditions\":{{\"ready\":true}},\"targetRef\":{{\"kind\":\"Pod\",\"namespace\":\"default\",\"name\":\"{pod.Pod.Name}\"}}}}");
        Server.Store.Put($$$"""
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"namespace":"default","name":"{{{name}}}-1","labels":{"kubernetes.io/service-name":"{{{name}}}"}},
             "addressType":"IPv4","ports":[{"name":"http","port":8080,"protocol":"TCP"}],"endpoints":[{{{string.Join(',', endpoints)}}}]}
            """);
    }

    /// <summary>The agent's own pod, as the DaemonSet makes it, on the machine's network.</summary>
    /// <param name="adminPort">Where the agent answers.</param>
    /// <param name="node">Of another machine, which need not be there.</param>
    /// <param name="tokenSecret">That of the console.</param>
    public void DeclareAgent(int adminPort, string? node = null, bool isReady = true, string tokenSecret = "none")
    {
        var address = (Mesh.Nodes.FirstOrDefault(one => one.Name == node) ?? Node).V4(1);
        Server.Store.Put($$$"""
            {"apiVersion":"v1","kind":"Pod",
             "metadata":{"namespace":"nodemesh-system","name":"nodemesh-{{{node ?? Node.Name}}}","labels":{"app.kubernetes.io/name":"nodemesh","app.kubernetes.io/version":"0.1.0"}},
             "spec":{"nodeName":"{{{node ?? Node.Name}}}","hostNetwork":true,"volumes":[{"name":"console-token","secret":{"secretName":"{{{tokenSecret}}}"}}],
              "containers":[{"name":"agent","image":"none","readinessProbe":{"httpGet":{"path":"/readyz","port":{{{adminPort}}} } } }]},
             "status":{"phase":"Running","podIP":"{{{address}}}","podIPs":[{"ip":"{{{address}}}"}],"conditions":[{"type":"Ready","status":"{{{isReady}}}"}]} }
            """);
    }

    /// <summary>`nodemesh` on this machine.</summary>
    public Task<CliWrap.Buffered.BufferedCommandResult> CommandAsync(params string[] arguments) =>
        Commands.TryAsync(Node.Inside([Products.Cli, .. arguments, "--kubeconfig", Kubeconfig]));

    /// <summary>The annotation nodemesh.io/status of a pod.</summary>
    public string? StatusOf(PodProcess pod) =>
        (string?)Server.Store.Get(Server.Store.Find("", "v1", "pods")!, "default", pod.Pod.Name)!.Open()["metadata"]!["annotations"]?["nodemesh.io/status"];

    /// <summary>The reasons of the Events about a pod, in their order.</summary>
    public IReadOnlyList<string> EventsOf(PodProcess pod) => ReasonsOf(pod.Uid);

    public IReadOnlyList<string> ReasonsOf(string uid) =>
    [
        .. Server.Store.List(Server.Store.Find("", "v1", "events")!).Objects.Values.OrderBy(told => told.Version).Select(told => told.Open())
            .Where(told => (string?)told["involvedObject"]!["uid"] == uid).Select(told => (string)told["reason"]!),
    ];

    public async ValueTask DisposeAsync()
    {
        await Mesh.DisposeAsync(); // the agent first: it has last words for the API server
        foreach (var pod in _pods)
        {
            await pod.DisposeAsync();
        }
        await Server.DisposeAsync();
    }
}
