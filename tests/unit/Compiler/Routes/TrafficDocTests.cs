using Xunit;

namespace NodeMesh.UnitTests.Compiler.Routes;

/// <summary>The examples of docs/traffic.md and its pages mean what they say, without a complaint.</summary>
public class TrafficDocTests
{
    public static TheoryData<string> Examples => [.. DocExamples.Under("traffic/")];

    private static string Services => DocExamples.Of("traffic.md 1");

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_is_accepted_whole(string example)
    {
        var compilation = TestMesh.Compile($"{Services}\n---\n{DocExamples.Of(example)}\n---\n{Certificates}");

        Assert.Empty(compilation.Problems);
        Assert.NotEmpty(compilation.RouteStatuses);
        Assert.All(compilation.RouteStatuses.Values.SelectMany(status => status.Parents).SelectMany(parent => parent.Conditions), condition => Assert.False(condition.IsTrouble, condition.Message));
        Assert.NotEmpty(compilation.Content.Routes["default/shop"].Tables);
    }

    [Fact]
    public void The_example_for_those_who_come_from_another_mesh_is_accepted_whole()
    {
        var compilation = TestMesh.Compile($"{Services}\n---\n{DocExamples.Of("coming-from.md 1")}");

        Assert.Empty(compilation.Problems);
        Assert.Equal([2], compilation.Content.Routes["default/shop"].Tables.Select(table => table.Rules.Count));
        Assert.Equal((200u, 5u), (compilation.Content.Policies["default/shop-v2"].Traffic.MaxRequests, compilation.Content.Policies["default/shop-v2"].Traffic.Outliers.ConsecutiveErrors));
    }

    [Fact]
    public void The_example_of_a_Rollout_is_accepted_whole()
    {
        var compilation = TestMesh.Compile($"{Services}\n---\n{DocExamples.Of("rollouts.md 1")}");

        Assert.Empty(compilation.Problems);
        Assert.True(compilation.Rollouts["default/shop"].Accepted.Status);
    }

    [Fact]
    public void No_page_has_an_example_that_is_tested_nowhere() => Assert.Empty(
        DocExamples.All.Select(block => block.Name)
            .Except([.. DocExamples.Under("traffic/"), .. Policies.DocumentationTests.Names, "traffic.md 1", "coming-from.md 1", "rollouts.md 1"]));

    // A document does not show a certificate.
    private static string Certificates => $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: shop-ca}
        data:
          ca.crt: |
            {{TestCertificates.AuthorityPem.ReplaceLineEndings("\n    ")}}
        """;
}
