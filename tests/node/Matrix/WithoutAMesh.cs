using System.Net.Sockets;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Matrix;

/// <summary>The same calls where there is no agent at all: what the matrix asserts is true of plain TCP, so a failure there is the mesh's.</summary>
public sealed class WithoutAMesh : IAsyncLifetime
{
    private TestMesh _mesh = null!;

    public async ValueTask InitializeAsync() => _mesh = await TestMesh.CreateAsync("none", nodes: 2);

    public ValueTask DisposeAsync() => _mesh?.DisposeAsync() ?? default;

    [Fact(Timeout = 60_000)]
    public async Task Every_protocol_works_between_plain_pods()
    {
        var client = await _mesh.Nodes[0].AddPodAsync("client");
        var near = await _mesh.Nodes[0].AddPodAsync("near");
        var far = await _mesh.Nodes[1].AddPodAsync("far");
        await Task.WhenAll(near.ServeAsync(), far.ServeAsync());

        foreach (var server in new[] { near, far })
        {
            foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
            {
                foreach (var protocol in Traffic.Protocols)
                {
                    await Traffic.CallAsync(client, server, family, protocol);
                }
            }
        }
    }
}
