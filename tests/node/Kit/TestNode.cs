using System.Net;
using NodeMesh.NodeTests.Kernel;

namespace NodeMesh.NodeTests.Kit;

/// <summary>A network namespace that plays a machine: a bridge for its pods, forwarding on, and an agent when it is told to.</summary>
public sealed class TestNode : IAsyncDisposable
{
    private readonly Netns _netns;
    private readonly List<TestPod> _pods = [];
    private readonly int _index;

    private TestNode(TestMesh mesh, string name, int index, Netns netns)
    {
        Mesh = mesh;
        Name = name;
        _index = index;
        _netns = netns;
        Agent = new TestAgent(this);
    }

    public TestMesh Mesh { get; }

    public string Name { get; }

    public string Netns => _netns.Name;

    public TestAgent Agent { get; }

    public static async Task<TestNode> CreateAsync(TestMesh mesh, string name, int index)
    {
        var netns = await Kit.Netns.CreateAsync($"{TestRun.Prefix}-{mesh.Name}-{name}");
        var node = new TestNode(mesh, name, index, netns);
        await netns.SetAsync("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        await Commands.IpAsync(
            netns.Name,
            // Of its own: else it takes the lowest of its ports', and when that pod goes, the others send to a gateway that is no more.
            $"link add br0 address 02:00:00:00:00:{index:x2} type bridge",
            $"addr add {node.V4(1)}/24 dev br0",
            $"addr add {node.V6(1)}/64 dev br0 nodad",
            "link set br0 up");
        return node;
    }

    /// <summary>A cable between the two machines, and routes to each other's pods.</summary>
    public static async Task LinkAsync(TestNode a, TestNode b)
    {
        await Commands.IpAsync(a.Netns, $"link add to-{b.Name} type veth peer name to-{a.Name} netns {b.Netns}");
        foreach (var (near, far) in new[] { (a, b), (b, a) })
        {
            await Commands.IpAsync(
                near.Netns,
                $"addr add 192.168.77.{near._index}/24 dev to-{far.Name}",
                $"addr add fd77:ffff::{near._index}/64 dev to-{far.Name} nodad",
                $"link set to-{far.Name} up",
                $"route add {far.V4(0)}/24 via 192.168.77.{far._index}",
                $"route add {far.V6(0)}/64 via fd77:ffff::{far._index}");
        }
    }

    public IPAddress V4(int number) => IPAddress.Parse($"10.77.{_index}.{number}");

    public IPAddress V6(int number) => IPAddress.Parse($"fd77:{_index}::{number:x}");

    public async Task<TestPod> AddPodAsync(string name)
    {
        var pod = await TestPod.CreateAsync(this, name, 10 + _pods.Count);
        _pods.Add(pod);
        return pod;
    }

    public string[] Inside(params string[] command) => _netns.Inside(command);

    public Task<string> ExecAsync(params string[] command) => _netns.ExecAsync(command);

    public async ValueTask DisposeAsync()
    {
        // Connections that are still open would hold the agent for as long as it drains.
        foreach (var pod in _pods)
        {
            await pod.StopAsync();
        }
        await Agent.DisposeAsync();
        foreach (var pod in _pods)
        {
            await pod.DisposeAsync();
        }
        await _netns.DisposeAsync();
    }
}
