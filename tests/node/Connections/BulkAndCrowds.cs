using System.Net.Sockets;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Connections;

public abstract class BulkAndCrowds(SharedMesh mesh)
{
    private const long GiB = 1L << 30;

    [Theory(Timeout = 120_000, DisableParallelization = true)]
    [InlineData(true, GiB)]
    [InlineData(false, GiB / 4)]
    public async Task Bulk_arrives_whole_both_ways_at_once(bool sameNode, long bytes)
    {
        var result = await mesh.Client().CallAsync(new CallRequest
        {
            Kind = "bulk",
            Target = Traffic.Target(mesh.Server(isNear: sameNode), AddressFamily.InterNetwork, "opaque"),
            Up = bytes,
            Down = bytes,
            TimeoutMilliseconds = 100_000,
        });

        Assert.True(result.Ok, result.Error);
        Assert.Equal("ok", result.Text);
    }

    [Fact(Timeout = 60_000, DisableParallelization = true)]
    public async Task A_thousand_connections_are_open_at_once_and_none_gets_anothers_bytes()
    {
        var result = await mesh.Client().CallAsync(new CallRequest
        {
            Kind = "many",
            Target = Traffic.Target(mesh.Server(), AddressFamily.InterNetwork, "opaque"),
            Count = 1000,
            TimeoutMilliseconds = 40_000,
        });

        Assert.True(result.Ok, $"{result.Bad} of 1000 failed, the first with {result.Error}");
        Assert.Equal(1000, result.Good);
    }
}

[Collection("ebpf")]
public sealed class EbpfBulkAndCrowds(EbpfMesh mesh) : BulkAndCrowds(mesh);

[Collection("iptables")]
public sealed class IptablesBulkAndCrowds(IptablesMesh mesh) : BulkAndCrowds(mesh);
