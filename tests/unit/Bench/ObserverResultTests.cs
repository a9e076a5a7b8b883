using NodeMesh.Bench.Observers;
using NodeMesh.Bench.Works;
using Xunit;

namespace NodeMesh.UnitTests.Bench;

public class ObserverResultTests
{
    [Fact]
    public void It_is_compared_with_the_plain_mesh_round_by_round()
    {
        // The machine got twice as slow in the second round; what the observer costs did not change.
        var result = new ObserverResult(Observer.Plain, [Round(11), Round(22), Round(12)], [Round(10), Round(20), Round(10)], null);

        Assert.Equal(1.1, result.CpuToPlain, 6);
        Assert.Equal(0.05, result.CpuSpread, 6);
        Assert.Equal(12, result.Figures.Cpu);
    }

    private static Measurement Round(double cpu) => new(1000, 1, 1, 1, cpu, cpu, 0, "");
}
