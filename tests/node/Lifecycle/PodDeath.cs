using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

public sealed class PodDeath
{
    [Theory(Timeout = 120_000)]
    [InlineData("ebpf", true)]
    [InlineData("ebpf", false)]
    [InlineData("iptables", true)]
    [InlineData("iptables", false)]
    public async Task A_pod_deleted_under_load_leaves_nothing_and_the_others_serve(string capture, bool resourceFirst)
    {
        await using var shop = await SmallShop.CreateAsync(capture);
        var doomed = shop.Webs[1];
        // "2: eth0@if5: <BROADCAST,...": its other end, on the node, is number 5. Not from /sys, which shows the machine's devices.
        var device = (await doomed.ExecAsync("ip", "-o", "link", "show", "eth0")).Split("@if")[1].Split(':')[0];
        await shop.OpenAsync("other");
        var load = shop.LoadAsync(3000);
        await Task.Delay(1000);

        if (resourceFirst)
        {
            // As Kubernetes does it: a pod has left its Services, and the mesh, before its sandbox goes.
            shop.Mesh.Resources.RemovePod(doomed);
            await shop.Agent.CapturedAsync(doomed, captured: false);
            await doomed.DisposeAsync();
        }
        else
        {
            // As after a crash: the sandbox is gone before anybody says so.
            await doomed.DisposeAsync();
            await Task.Delay(500);
            shop.Mesh.Resources.RemovePod(doomed);
        }

        var result = await load;
        // Requests that were in the dead pod fail, and only those: each worker had one. Without the resource's removal the pod stays an endpoint for a while.
        if (resourceFirst)
        {
            Assert.True(result.Bad <= 8, $"{result.Bad} of {result.Bad + result.Good} failed, the first with {result.Error}");
        }
        Assert.DoesNotContain("TimedOut", result.Error ?? "", StringComparison.Ordinal);
        SmallShop.AssertNoFailure(await shop.LoadAsync(1000));
        Assert.True((await shop.SendAsync("other")).Ok);
        // The namespace itself goes, which it does when the last socket in it is closed; its veth goes with it.
        await Eventually.TrueAsync("the namespace is gone", async () =>
            !(await shop.Node.ExecAsync("ip", "-o", "link")).Split('\n').Any(line => line.StartsWith($"{device}: ", StringComparison.Ordinal)));
    }
}
