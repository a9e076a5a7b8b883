using Xunit;

namespace NodeMesh.UnitTests.Compiler.Policies;

/// <summary>What the pages about policies, and docs/telemetry.md, show is what works.</summary>
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

    internal static IEnumerable<string> Names => DocExamples.Under("policies/", "telemetry.md");

    public static TheoryData<string> Examples => [.. Names];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_is_in_force_as_it_stands(string example)
    {
        var compiled = TestMesh.Compile($"{Targets}---\n{DocExamples.Of(example)}");

        Assert.Empty(compiled.Problems);
        Assert.NotEmpty(compiled.Content.Policies);
        Assert.All(compiled.PolicyStatuses.Values, status => Assert.All(status.Targets, target => Assert.True(target.Conditions.Single().Status)));
    }

    [Fact]
    public void Every_kind_has_a_schema_and_an_example()
    {
        var examples = string.Concat(Names.Select(DocExamples.Of));
        foreach (var kind in (string[])["AuthorizationPolicy", "RateLimitPolicy", "FaultPolicy", "TrafficPolicy", "EgressPolicy", "TelemetryPolicy"])
        {
            var schema = File.ReadAllText(Path.Combine(Repository.Root, $"installer/crds/{kind.ToLowerInvariant()[..^1]}ies.yaml"));
            Assert.Contains($"kind: {kind}\n", schema, StringComparison.Ordinal);
            Assert.Contains($"kind: {kind}\n", examples, StringComparison.Ordinal);
        }
    }
}
