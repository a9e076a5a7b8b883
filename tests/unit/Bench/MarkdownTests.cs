using NodeMesh.Bench.Reporting;
using Xunit;

namespace NodeMesh.UnitTests.Bench;

public class MarkdownTests
{
    [Fact]
    public void Figures_take_the_place_of_older_ones_between_the_marks()
    {
        const string readme = "# A\n<!-- numbers: begin -->\nold\n<!-- numbers: end -->\nrest\n";

        Assert.Equal("# A\n<!-- numbers: begin -->\nnew\n<!-- numbers: end -->\nrest\n", Markdown.Replace(readme, "new\n"));
        Assert.Equal("new\n", Markdown.Replace("", "new\n"));
    }
}
