using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>How long connections may stand still, and how long they are kept, by TrafficPolicy.</summary>
[Collection("ebpf")]
public sealed class ConnectionTimeouts(EbpfMesh mesh) : ResilientService(mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task What_stands_still_is_ended()
    {
        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "old" })).Ok);
        await PolicyAsync("timeouts: {idle: 500ms}");
        var silent = await Eventually.HoldsAsync("an answer that does not come is not waited for", () => CallAsync("/?delay=5000"), result => !result.Ok);
        Assert.Equal((504, "timeout_idle"), (silent.Status, silent.Headers!["nodemesh-error"]));
        Assert.True((await CallAsync("/?delay=100")).Ok);

        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "idle" })).Ok);
        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "idle" })).Ok);
        await Eventually.TrueAsync("the idle connection is counted as ended", async () =>
            (await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_tcp_connections_closed_total", ("reason", "timeout_idle")) >= 1);
        Assert.False((await Mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "idle" })).Ok);
        // One from before has what counted then.
        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "old" })).Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_connection_is_kept_for_the_next_request_as_long_as_the_policy_of_its_Service_says()
    {
        // A pod that is not in the mesh: its server sees the connection that the client's node keeps.
        var server = Mesh.Server(meshed: false);
        Mesh.Mesh.Resources.Pod(Mesh.Server(isNear: false));
        Mesh.Mesh.Resources.Pod(server, enrolled: false, app: "resilient");
        try
        {
            await PolicyAsync("timeouts: {keepAlive: 1h}");
            await Mesh.Near.Agent.AppliesAsync("\"keepAliveMilliseconds\": 3600000");
            var kept = await Eventually.HoldsAsync("the server has the Service's requests", () => CallAsync(), result => result.Server?.Pod == server.Name);

            // One of no Service, to the same server, is closed when none is used any more that no policy speaks of.
            var other = await Mesh.Client().CallAsync("http", $"{server.V4}:8080");
            await Eventually.TrueAsync("it is closed", async () => !await IsOpenAsync(other));
            Assert.True(await IsOpenAsync(kept));
            Assert.Equal(kept.Server!.Peer, (await CallAsync()).Server!.Peer);

            Mesh.Mesh.Resources.Delete("policy");
            await Eventually.TrueAsync("without the policy it is closed", async () => !await IsOpenAsync(kept));
        }
        finally
        {
            Mesh.Mesh.Resources.Pod(server, enrolled: false);
        }

        async Task<bool> IsOpenAsync(CallResult call) =>
            (await server.ExecAsync("ss", "-Htn", "state", "established", "sport = :8080")).Split('\n').Any(line => line.TrimEnd().EndsWith(call.Server!.Peer[call.Server.Peer.LastIndexOf(':')..], StringComparison.Ordinal));
    }
}
