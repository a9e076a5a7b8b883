using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Connections;

/// <summary>The mesh accepts at the app's own address and port, and must not keep them from the app.</summary>
public sealed class Rebinding
{
    [Theory(Timeout = 60_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task A_server_may_bind_its_port_although_the_mesh_has_answered_there_in_its_absence(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture, startAgent: false);
        var late = await shop.Node.AddPodAsync("late");
        shop.Mesh.Resources.Pod(late);
        await shop.Agent.StartAsync();
        await shop.Agent.CapturedAsync(late);

        // As a kubelet probes, from the machine's address. The mesh refuses it and closes first, so that its socket stays for a minute.
        var refused = await Commands.RunAsync(shop.Node.Inside(
            "sh", "-c", $"(printf 'GET / HTTP/1.1\\r\\nHost: late\\r\\nConnection: close\\r\\n\\r\\n'; sleep 2) | busybox nc -w 5 {late.V4} 8080"));
        Assert.Contains("503", refused, StringComparison.Ordinal);
        await Eventually.TrueAsync("it stays", async () => (await late.ExecAsync("ss", "-Htan", "state", "time-wait", "sport = :8080")).Length > 0);

        await late.ServeAsync();
    }
}
