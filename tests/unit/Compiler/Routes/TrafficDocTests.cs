using System.Text.RegularExpressions;
using Xunit;

namespace NodeMesh.UnitTests.Compiler.Routes;

/// <summary>The examples of docs/traffic.md mean what it says of them, without a complaint.</summary>
public partial class TrafficDocTests
{
    public static TheoryData<string> Sections => [.. Blocks().Skip(1).Select(block => block.Section)];

    [Theory]
    [MemberData(nameof(Sections))]
    public void Every_example_is_accepted_whole(string section)
    {
        var compilation = TestMesh.Compile($"{Blocks()[0].Yaml}\n---\n{Blocks().Single(block => block.Section == section).Yaml}\n---\n{Certificates}");

        Assert.Empty(compilation.Problems);
        Assert.NotEmpty(compilation.RouteStatuses);
        Assert.All(compilation.RouteStatuses.Values.SelectMany(status => status.Parents).SelectMany(parent => parent.Conditions), condition => Assert.False(condition.IsTrouble, condition.Message));
        Assert.NotEmpty(compilation.Content.Routes["default/shop"].Tables);
    }

    [Fact]
    public void The_example_for_those_who_come_from_another_mesh_is_accepted_whole()
    {
        var compilation = TestMesh.Compile($"{Blocks()[0].Yaml}\n---\n{Block().Match(File.ReadAllText(RepositoryFiles.Find("docs/coming-from.md")!)).Groups[1].Value}");

        Assert.Empty(compilation.Problems);
        Assert.Equal([2], compilation.Content.Routes["default/shop"].Tables.Select(table => table.Rules.Count));
        Assert.Equal((200u, 5u), (compilation.Content.Policies["default/shop-v2"].Traffic.MaxRequests, compilation.Content.Policies["default/shop-v2"].Traffic.Outliers.ConsecutiveErrors));
    }

    // A document does not show a certificate.
    private static string Certificates => $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: shop-ca}
        data:
          ca.crt: |
            {{TestCertificates.AuthorityPem.ReplaceLineEndings("\n    ")}}
        """;

    private static List<(string Section, string Yaml)> Blocks()
    {
        var text = File.ReadAllText(RepositoryFiles.Find("docs/traffic.md")!);
        var sections = Heading().Matches(text);
        return [.. Block().Matches(text).Select(block => (sections.LastOrDefault(section => section.Index < block.Index)?.Groups[1].Value ?? "", block.Groups[1].Value))];
    }

    [GeneratedRegex("^## (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
