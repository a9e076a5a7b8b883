using System.Text.RegularExpressions;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.CommandLine;

/// <summary>The demo on a terminal of its own, where somebody breaks things by keys and has each found.</summary>
public sealed class DemoTests
{
    private static readonly (string Key, string Service, string Sentence)[] Faults =
    [
        ("1", "web", "✗ shop/web: .* of the requests from shop/frontend to shop/web-v1 fail .*: the server itself answers 5xx"),
        ("2", "cache", "✗ Service shop/cache: port 6379 has no endpoints: no pod matches its selector"),
        ("3", "prices", "✗ shop/quotes: .* fail .*: nothing accepts connections where they go → compare the Service's targetPort"),
        ("4", "web", "✗ shop/web: .* fail .*: policy forbids them: shop/no-frontend"),
        ("5", "web", "✗ HTTPRoute shop/web: it is not wholly in force: BackendNotFound: "),
    ];

    [Fact(Timeout = 180_000)]
    public async Task Each_fault_that_a_key_makes_is_found_by_the_command_on_the_screen_and_mended_by_the_same_key()
    {
        await using var demo = ChildProcess.Start(["script", "-qfec", $"stty cols 200 rows 70; exec {Products.Cli} demo --seconds 170", "/dev/null"]);
        await Eventually.TrueAsync("the keys are shown", () => Task.FromResult(demo.Output.Contains("break it", StringComparison.Ordinal)), TimeSpan.FromSeconds(60));

        foreach (var (key, service, sentence) in Faults)
        {
            demo.Write(key);
            var address = await Eventually.HoldsAsync("the screen says how to find it", () => Task.FromResult(Command(service).Match(demo.Output).Groups[1].Value), found => found.Length > 0, TimeSpan.FromSeconds(10));
            await Eventually.HoldsAsync(
                $"diagnose finds {key}",
                async () => (await Commands.TryAsync(Products.Cli, "diagnose", service, "-n", "shop", "--admin", address, "--seconds", "1")).StandardOutput,
                text => Regex.IsMatch(text, sentence),
                TimeSpan.FromSeconds(20));
            demo.Write(key);
        }

        await Eventually.HoldsAsync(
            "all is well again",
            async () => (await Commands.TryAsync(Products.Cli, "diagnose", "prices", "-n", "shop", "--admin", Command("prices").Match(demo.Output).Groups[1].Value, "--seconds", "1")).ExitCode,
            code => code == 0,
            TimeSpan.FromSeconds(20));
        // Not by Ctrl-C: who started the tests may have had SIGINT ignored.
        var child = (await File.ReadAllTextAsync($"/proc/{demo.Pid}/task/{demo.Pid}/children")).Trim();
        Libc.Signal(int.Parse(child), Libc.SIGTERM);
        Assert.Equal(0, await demo.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("nothing left behind", demo.Output, StringComparison.Ordinal);
    }

    private static Regex Command(string service) => new($@"diagnose {service} -n shop --admin ([0-9.]+:[0-9]+)");
}
