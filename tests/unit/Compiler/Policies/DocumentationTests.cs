using NodeMesh.UnitTests.Resources;
using Xunit;

namespace NodeMesh.UnitTests.Compiler.Policies;

/// <summary>What docs/policies.md and docs/telemetry.md show is what works.</summary>
public class DocumentationTests
{
    private const string Targets = """
        {apiVersion: v1, kind: Service, metadata: {name: catalogue, namespace: shop}, spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}}
        ---
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: catalogue, namespace: shop}, spec: {
          parentRefs: [{group: '', kind: Service, name: catalogue}], rules: [{name: orders, backendRefs: [{name: catalogue, port: 80}]}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: otel-collector, namespace: observability}, spec: {clusterIP: 10.96.0.2, ports: [{name: grpc, port: 4317}, {name: http, port: 4318}]}}

        """;

    public static TheoryData<string> Blocks()
    {
        var blocks = new TheoryData<string>();
        var parts = new[] { "docs/policies.md", "docs/telemetry.md" }.SelectMany(doc => File.ReadAllText(Path.Combine(Repository(), doc)).Split("```yaml\n")[1..]);
        foreach (var part in parts)
        {
            blocks.Add(part[..part.IndexOf("```", StringComparison.Ordinal)]);
        }
        return blocks;
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Every_example_is_in_force_as_it_stands(string yaml)
    {
        var compiled = TestMesh.Compile($"{Targets}---\n{yaml}");

        Assert.Empty(compiled.Problems);
        Assert.NotEmpty(compiled.Content.Policies);
        Assert.All(compiled.PolicyStatuses.Values, status => Assert.All(status.Targets, target => Assert.True(target.Conditions.Single().Status)));
    }

    [Fact]
    public void Every_kind_has_a_schema_and_an_example()
    {
        var examples = string.Concat(Blocks().Select(block => block.Data));
        foreach (var kind in (string[])["AuthorizationPolicy", "RateLimitPolicy", "FaultPolicy", "TrafficPolicy", "EgressPolicy", "TelemetryPolicy"])
        {
            var schema = File.ReadAllText(Path.Combine(Repository(), $"installer/crds/{kind.ToLowerInvariant()[..^1]}ies.yaml"));
            Assert.Contains($"kind: {kind}\n", schema, StringComparison.Ordinal);
            Assert.Contains($"kind: {kind}\n", examples, StringComparison.Ordinal);
        }
    }

    private static string Repository()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "NodeMesh.sln")))
        {
            directory = Path.GetDirectoryName(directory)!;
        }
        return directory;
    }
}
