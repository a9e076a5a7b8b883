using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Matrix;

/// <summary>Two machines for the whole matrix of one capture mode: a meshed and a plain client, and a meshed and a plain server on each machine.</summary>
public abstract class MatrixMesh(string capture) : IAsyncLifetime
{
    private readonly Dictionary<string, TestPod> _pods = [];
    private TestMesh _mesh = null!;

    /// <summary>The machine of the clients and the near servers.</summary>
    public TestNode Near => _mesh.Nodes[0];

    public TestNode Far => _mesh.Nodes[1];

    public TestPod Client(bool meshed) => _pods[meshed ? "meshed-client" : "plain-client"];

    public TestPod Server(bool meshed, bool isNear) => _pods[$"{(isNear ? "near" : "far")}-{(meshed ? "meshed" : "plain")}"];

    public async ValueTask InitializeAsync()
    {
        _mesh = await TestMesh.CreateAsync(capture, nodes: 2);
        foreach (var (node, name) in new[]
        {
            (Near, "meshed-client"), (Near, "plain-client"), (Near, "near-meshed"), (Near, "near-plain"), (Far, "far-meshed"), (Far, "far-plain"),
        })
        {
            var pod = await node.AddPodAsync(name);
            _pods[name] = pod;
            _mesh.Resources.Pod(pod, enrolled: name.Contains("meshed", StringComparison.Ordinal));
            if (!name.Contains("client", StringComparison.Ordinal))
            {
                await pod.ServeAsync();
            }
        }
        await _mesh.StartAgentsAsync();
    }

    public ValueTask DisposeAsync() => _mesh?.DisposeAsync() ?? default;
}

public sealed class EbpfMatrixMesh() : MatrixMesh("ebpf");

public sealed class IptablesMatrixMesh() : MatrixMesh("iptables");
