using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Resources;

public sealed class BadResources : IAsyncLifetime
{
    private SmallShop _shop = null!;

    public async ValueTask InitializeAsync() => _shop = await SmallShop.CreateAsync("auto");

    public ValueTask DisposeAsync() => _shop?.DisposeAsync() ?? default;

    [Fact(Timeout = 120_000)]
    public async Task A_bad_resource_harms_nobody_and_is_reported_until_it_is_mended()
    {
        var load = _shop.LoadAsync(5000);
        await AssertReportedAsync("does not parse", "broken", "kind: Pod\nmetadata: [what is this\n  - no: yaml", "broken");
        await AssertReportedAsync("lacks its namespace", "lost", Pod("lost", "nm-there-is-no-such-netns", "10.77.1.201"), "default/lost");
        await AssertReportedAsync("names the host's namespace", "host", Pod("host", "/proc/1/ns/net", "10.77.1.202"), "default/host");
        await AssertReportedAsync("holds another's address", "double", Pod("double", _shop.Webs[0].Netns, _shop.Webs[0].V4.ToString()), "default/double");
        await AssertReportedAsync("names another's namespace by another path", "double", Pod("double", $"/var/run/netns/{_shop.Client.Netns}", ""), "default/double");
        await AssertReportedAsync("is no address", "nonsense", Pod("nonsense", _shop.Client.Netns, "10.77.1.999"), "default/nonsense");

        // Beside a bad file, good ones still apply.
        _shop.Mesh.Resources.Write("broken", "a: [");
        var late = await _shop.Node.AddPodAsync("late");
        _shop.Mesh.Resources.Pod(late);
        await _shop.Agent.CapturedAsync(late);
        Assert.True((await late.CallAsync("http", SmallShop.Web)).Ok);
        SmallShop.AssertNoFailure(await load);
        await Assert.AllAsync(_shop.Webs, async web => await _shop.Agent.CapturedAsync(web));
    }

    private async Task AssertReportedAsync(string what, string file, string yaml, string word)
    {
        _shop.Mesh.Resources.Write(file, yaml);
        await Eventually.TrueAsync($"a pod that {what} is reported by name in the metric", async () => await ProblemsAsync(word) > 0);
        await Eventually.TrueAsync($"and in the log", () => Task.FromResult(_shop.Agent.Process.Output.Contains(word, StringComparison.Ordinal)));

        _shop.Mesh.Resources.Delete(file);
        await Eventually.TrueAsync($"a pod that {what} is forgotten when it is gone", async () => await ProblemsAsync(word) == 0);
    }

    private async Task<double> ProblemsAsync(string word) => (await _shop.Agent.ScrapeAsync()).Find("nodemesh_resource_problems")
        .Where(sample => sample.Label("object").Contains(word, StringComparison.Ordinal)).Sum(sample => sample.Value);

    private static string Pod(string name, string netns, string address) => $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{name}}
          namespace: default
          labels: { nodemesh.io/mesh: enabled }
          annotations: { nodemesh.io/netns: "{{netns}}" }
        spec:
          nodeName: a
        status:
          podIPs: [{{(address.Length > 0 ? $"{{ ip: \"{address}\" }}" : "")}}]
        """;
}
