using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Connections;

public sealed class Vanished
{
    /// <summary>What the kernel will do in three minutes is seen in its timers; nobody waits for it here.</summary>
    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task Both_legs_of_an_idle_connection_are_probed_so_that_a_peer_that_vanished_does_not_hold_them(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture);
        var call = await shop.OpenAsync("idle");

        // In the client's namespace the proxy's leg has the server's address as its own; in the server's, the leg is not the server's port.
        foreach (var (pod, leg) in new[] { (shop.Client, $"src {call.Peer}"), (shop.Webs[0], $"dst {call.Peer}") })
        {
            var timers = await Eventually.HoldsAsync(
                $"a keepalive timer of the leg in {pod.Name}",
                () => pod.ExecAsync("ss", "-Htno", "state", "established", leg),
                seen => seen.Contains("timer:(keepalive,", StringComparison.Ordinal));
            Assert.Matches(@"timer:\(keepalive,(2min\d+sec|3min)", timers);
        }
    }
}
