using System.Net.Sockets;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Connections;

public abstract class Enrolment(SharedMesh mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task Connections_open_before_enrolment_go_on_untouched_and_new_ones_are_meshed()
    {
        var client = await mesh.AddPodAsync("early-client", enrolled: false);
        var server = await mesh.AddPodAsync("early-server", enrolled: false);
        await server.ServeAsync();
        var target = Traffic.Target(server, AddressFamily.InterNetwork, "opaque");
        var early = await OpenAsync(client, target, "early");
        Assert.Equal(early.Local, early.Server!.Peer);

        mesh.Mesh.Resources.Pod(client);
        mesh.Mesh.Resources.Pod(server);
        await mesh.Near.Agent.CapturedAsync(client);
        await mesh.Near.Agent.CapturedAsync(server);

        var still = await client.CallAsync(new CallRequest { Kind = "send", Token = "early", Text = "still here" });
        Assert.True(still.Ok, still.Error);
        Assert.Equal("still here", still.Text);
        var late = await OpenAsync(client, target, "late");
        await Eventually.EqualAsync("only the new one is counted", 1, async () => (await mesh.Near.Agent.ScrapeAsync())
            .Sum("nodemesh_tcp_connections_opened_total", ("source_workload", client.Name), ("destination_workload", server.Name)));
        Assert.True(late.Ok, late.Error);

        Assert.True((await client.CallAsync(new CallRequest { Kind = "finish", Token = "early" })).Ok);
        Assert.True((await client.CallAsync(new CallRequest { Kind = "finish", Token = "late" })).Ok);
        await mesh.RemovePodAsync(client);
        await mesh.RemovePodAsync(server);
    }

    [Fact(Timeout = 60_000)]
    public async Task Meshed_connections_survive_un_enrolment_and_new_ones_are_plain()
    {
        var client = await mesh.AddPodAsync("leaving-client");
        var server = await mesh.AddPodAsync("leaving-server");
        await server.ServeAsync();
        var target = Traffic.Target(server, AddressFamily.InterNetwork, "opaque");
        Assert.True((await OpenAsync(client, target, "meshed")).Ok);

        mesh.Mesh.Resources.Pod(client, enrolled: false);
        mesh.Mesh.Resources.Pod(server, enrolled: false);
        await mesh.Near.Agent.CapturedAsync(client, captured: false);
        await mesh.Near.Agent.CapturedAsync(server, captured: false);

        var plain = await OpenAsync(client, target, "plain");
        Assert.True(plain.Ok, plain.Error);
        Assert.Equal(plain.Local, plain.Server!.Peer);
        var still = await client.CallAsync(new CallRequest { Kind = "send", Token = "meshed", Text = "still here" });
        Assert.True(still.Ok, still.Error);
        Assert.Equal("still here", still.Text);

        Assert.True((await client.CallAsync(new CallRequest { Kind = "finish", Token = "meshed" })).Ok);
        await mesh.RemovePodAsync(client);
        await mesh.RemovePodAsync(server);
    }

    private static Task<CallResult> OpenAsync(TestPod client, string target, string token) =>
        client.CallAsync(new CallRequest { Kind = "open", Target = target, Token = token });
}

[Collection("ebpf")]
public sealed class EbpfEnrolment(EbpfMesh mesh) : Enrolment(mesh);

[Collection("iptables")]
public sealed class IptablesEnrolment(IptablesMesh mesh) : Enrolment(mesh);
