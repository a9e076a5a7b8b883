using NodeMesh.Bench.Machines;
using Xunit;

namespace NodeMesh.UnitTests.Bench;

public class MemoryUseTests
{
    [Fact]
    public void Rollups_of_several_processes_add_up()
    {
        var first = MemoryUse.Parse(["00400000-7ffd rollup", "Rss:                1500 kB", "Pss:                 300 kB", "Pss_Anon:            90 kB"]);

        Assert.Equal(new MemoryUse(1500 * 1024, 300 * 1024), first);
        Assert.Equal(new MemoryUse(3000 * 1024, 600 * 1024), first + first);
    }
}
