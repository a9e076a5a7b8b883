using NodeMesh.Cli.Demo;
using NodeMesh.Cli.Demo.Apps;
using NodeMesh.Cli.Demo.Screen;
using NodeMesh.Cli.Traffic;
using NodeMesh.Cli.Metrics;
using Spectre.Console;
using Xunit;

namespace NodeMesh.UnitTests.Demo;

public class DemoCanaryTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(20)]
    [InlineData(60)]
    [InlineData(600)]
    public void It_has_come_to_its_end_before_the_table_has(int? seconds)
    {
        TimeSpan? duration = seconds is { } some ? TimeSpan.FromSeconds(some) : null;

        // Three steps, each of which may wait a little longer for its last check.
        var ends = DemoCanary.Begins(duration) + (3 * TimeSpan.FromSeconds(DemoCanary.Hold(duration) + 2));
        Assert.True(ends < (duration ?? TimeSpan.FromHours(1)), $"it ends after {ends}");
        Assert.True(DemoCanary.Begins(duration) > TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void Its_share_is_what_went_there_of_what_went_by_the_route()
    {
        var window = new TrafficWindow(TimeProvider.System);
        window.Add(Totals(v1: 100, v2: 0));
        Assert.Null(window.Share("shop/web", "web-v2"));

        window.Add(Totals(v1: 130, v2: 10));

        Assert.Equal(0.25, window.Share("shop/web", "web-v2"));
        Assert.Null(window.Share("shop/other", "web-v2"));
    }

    [Theory]
    [InlineData(120)]
    [InlineData(80)]
    public void The_screen_shows_how_far_it_has_come_in_one_line(int width)
    {
        var count = new ClientCount("", 1, 0, 1);
        var reading = new CaptureProof.Reading(count, count, 1);
        var view = new DemoView(Totals(1, 1), [], new CanaryView(25, 0.2512, "step 2 of 3, 25 %: does well"), new CaptureProof(reading, reading, reading), [1], [], TimeSpan.FromSeconds(9));
        var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No });
        console.Profile.Width = width;

        console.Write(DemoLayout.Render(view, width));

        var line = Assert.Single(text.ToString().Split('\n'), line => line.StartsWith("canary", StringComparison.Ordinal)).TrimEnd();
        Assert.EndsWith("web-v2 25 %, 25 % measured  step 2 of 3, 25 %: does well", line, StringComparison.Ordinal);
        Assert.Equal(width == 120 ? (15, 5) : (0, 0), (line.Count(letter => letter == '░'), line.Count(letter => letter == '█')));
    }

    private static TrafficTotals Totals(int v1, int v2) => TrafficTotals.From(MetricsText.Parse($$"""
        nodemesh_http_requests_total{route="shop/web",destination_workload="web-v1",status="2xx",grpc_status="",reason=""} {{v1}}
        nodemesh_http_requests_total{route="shop/web",destination_workload="web-v2",status="2xx",grpc_status="",reason=""} {{v2}}
        nodemesh_http_requests_total{route="",destination_workload="web-v2",status="2xx",grpc_status="",reason=""} {{v1 * 7}}

        """));
}
