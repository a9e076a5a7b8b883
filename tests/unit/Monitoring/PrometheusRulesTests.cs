using CliWrap;
using CliWrap.Buffered;
using Xunit;

namespace NodeMesh.UnitTests.Monitoring;

/// <summary>The rules that are shipped, as Prometheus itself reads them.</summary>
public sealed class PrometheusRulesTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "installer/prometheus");

    [Fact(Timeout = 60_000)]
    public Task Prometheus_takes_the_rules() => PromtoolAsync("check", "rules", "rules.yaml");

    [Fact(Timeout = 60_000)]
    public Task Each_alert_fires_when_it_should_and_only_then() => PromtoolAsync("test", "rules", "rules_test.yaml");

    [Fact]
    public void Each_alert_is_tested_to_fire_and_not_to_fire()
    {
        var tests = File.ReadAllLines(Path.Combine(Folder, "rules_test.yaml"));
        foreach (var alert in Named("- alert: "))
        {
            var outcomes = tests.Index().Where(line => line.Item.Trim() == $"alertname: {alert}").Select(line => tests[line.Index + 1].Trim()).ToList();
            Assert.Contains("exp_alerts: []", outcomes);
            Assert.Contains("exp_alerts:", outcomes);
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task The_rules_ask_for_metrics_that_exist()
    {
        var families = (await MetricsCatalogue.ReadAsync()).Select(family => family.Name).ToHashSet();
        var asked = System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(Path.Combine(Folder, "rules.yaml")), @"\bnodemesh_\w+").Select(match => match.Value);

        Assert.Empty(asked.Select(name => name.EndsWith("_bucket", StringComparison.Ordinal) ? name[..^"_bucket".Length] : name).Except(families));
    }

    private static IEnumerable<string> Named(string key) =>
        File.ReadLines(Path.Combine(Folder, "rules.yaml")).Select(line => line.Trim()).Where(line => line.StartsWith(key, StringComparison.Ordinal)).Select(line => line[key.Length..]);

    private static async Task PromtoolAsync(params string[] arguments)
    {
        var result = await CliWrap.Cli.Wrap("promtool").WithArguments(arguments).WithWorkingDirectory(Folder)
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        Assert.True(result.ExitCode == 0, result.StandardOutput + result.StandardError);
    }
}
