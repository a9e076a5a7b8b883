using System.Text.Json;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.CommandLine;

public sealed class Graphs(DiagnosedShop shop) : IClassFixture<DiagnosedShop>
{
    [Theory(Timeout = 60_000)]
    [InlineData("text", @"default/client\s+default/web-[12]\s+default/web\s+http1\s+plaintext\s+\d+\.\d req/s\s+100 %\s+\d+\.\d ms\s+\d+\.\d ms")]
    [InlineData("dot", "\"default/client\" -> \"default/web-[12]\" \\[label=\"\\d+\\.\\d req/s, 100 %, p99 \\d+\\.\\d ms\"\\]")]
    [InlineData("mermaid", "flowchart LR\n  w0\\[\"default/client\"\\]\n")]
    public async Task Who_calls_whom(string format, string expected)
    {
        var text = await LookAsync(format);

        Assert.Matches(expected, text);
    }

    [Fact(Timeout = 60_000)]
    public async Task Programs_read_the_same()
    {
        using var json = JsonDocument.Parse(await LookAsync("json"));

        var edges = json.RootElement.EnumerateArray().Where(edge => edge.GetProperty("unit").GetString() == "req/s").ToList();
        Assert.Equal(["default/web-1", "default/web-2"], edges.Select(edge => edge.GetProperty("destination").GetString()).Order());
        Assert.All(edges, edge => Assert.Equal(("default/client", 1), (edge.GetProperty("source").GetString(), edge.GetProperty("success").GetDouble())));
    }

    [Fact(Timeout = 60_000)]
    public async Task Nobody_calls_anybody() =>
        Assert.Equal((0, "nobody has called anybody meanwhile: look longer with --seconds, or add --all for what was before\n"), await shop.RunAsync("graph", "--seconds", "1"));

    private async Task<string> LookAsync(string format)
    {
        var load = shop.Shop.LoadAsync(2_500);
        var (exitCode, text) = await shop.RunAsync("graph", "--seconds", "1", "--output", format);
        SmallShop.AssertNoFailure(await load);
        Assert.Equal(0, exitCode);
        return text;
    }
}
