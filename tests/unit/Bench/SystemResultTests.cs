using NodeMesh.Bench.Reporting;
using NodeMesh.Bench.Works;
using Xunit;

namespace NodeMesh.UnitTests.Bench;

public class SystemResultTests
{
    [Fact]
    public void A_figure_is_the_median_and_its_spread_half_the_distance_of_the_extremes()
    {
        var result = new SystemResult("a", null, [Run(90, cpu: 3), Run(130, cpu: 9), Run(100, cpu: 4)]);

        Assert.Equal((100, 0.2, 4), (result.Rate, result.RateSpread, result.Cpu));
        Assert.Equal(95, (result with { Rounds = [Run(90), Run(100)] }).Rate);
    }

    [Fact]
    public void One_round_with_errors_takes_all_figures_away()
    {
        var work = AllWorks.List[0];
        var broken = new SystemResult("a", null, [Run(90), Run(100) with { Errors = 3, Error = "reset" }]);

        Assert.False(broken.HasFigures);
        Assert.Equal(["a", "3 errors"], Grid.Row(new WorkResult(work, [broken]), broken)[..2]);
    }

    [Fact]
    public void Ratios_name_the_peer_and_need_figures_on_both_sides()
    {
        var mesh = new SystemResult("nodemesh", null, [Run(50, cpu: 20)]);
        var haproxy = new SystemResult("haproxy", null, [Run(100, cpu: 10)]);
        var direct = new SystemResult("direct", null, [Run(200)]);
        var nginx = new SystemResult("nginx", "no stream module", []);
        var work = new WorkResult(AllWorks.List[0], [direct, haproxy, nginx, mesh]);

        Assert.Equal((0.5, 2.0), (Ratio.Rate(work, mesh, "haproxy"), Ratio.Cpu(work, mesh, "haproxy")));
        Assert.Equal((0.25, null), (Ratio.Rate(work, mesh, "direct"), Ratio.Cpu(work, mesh, "direct")));
        Assert.Null(Ratio.Rate(work, mesh, "nginx"));
    }

    private static Measurement Run(double rate, double cpu = 0) => new(rate, 1, 2, 3, cpu, cpu + 10, 0, "");
}
