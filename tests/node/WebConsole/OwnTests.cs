using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>The tests that the page's own code has, in its own language.</summary>
public sealed class OwnTests
{
    [Fact(Timeout = 120_000)]
    public async Task They_pass()
    {
        var run = await Commands.TryAsync("npm", "--prefix", $"{Products.Repository}/agent/console", "test");
        Assert.True(run.ExitCode == 0, run.StandardOutput + run.StandardError);
        Assert.Matches(@"pass [1-9]", run.StandardOutput);
    }
}
