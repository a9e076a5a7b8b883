using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.UnitTests.Resources;
using Xunit;

namespace NodeMesh.UnitTests.Compiler.Rollouts;

public class RolloutTests
{
    private const string Services = """
        {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: v1, namespace: shop}, spec: {clusterIP: 10.96.0.2, ports: [{name: http, port: 80}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: v2, namespace: shop}, spec: {clusterIP: 10.96.0.3, ports: [{name: http, port: 80}]}}

        """;

    private const string OneBackend = "backendRefs: [{name: v1, port: 80}]";

    private readonly IncrementalCompiler _compiler = new("n1", FailurePolicy.Closed);

    [Fact]
    public void Until_it_has_begun_the_new_version_gets_nothing()
    {
        var compiled = Compile(Route(OneBackend) + Rollout(), null);

        Assert.Equal([("shop/v1", 100u), ("shop/v2", 0u)], Weights(compiled));
        Assert.True(compiled.Rollouts["shop/p"].Accepted.Status);
        Assert.Empty(compiled.Problems);
    }

    [Fact]
    public void The_share_of_its_status_is_laid_over_the_routes_own_and_the_rule_is_measured_while_it_is_open()
    {
        var rule = Route("backendRefs: [{name: v2, port: 80, weight: 1, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [x]}}]}, {name: v1, port: 80, weight: 1}]") + Rollout();

        var compiled = Compile(rule, status => status with { Weight = 30 });

        Assert.Equal([("shop/v1", 70u), ("shop/v2", 30u)], Weights(compiled));
        Assert.True(Rule(compiled).Measured);
        Assert.Single(Rule(compiled).Backends[1].Filters);

        compiled = Compile(rule, status => status with { Phase = RolloutStatus.Promoted, Weight = 100 });
        Assert.Equal([("shop/v1", 0u), ("shop/v2", 100u)], Weights(compiled));
        Assert.False(Rule(compiled).Measured);
    }

    [Fact]
    public void What_it_came_to_stays_until_the_route_is_changed()
    {
        var promoted = Compile(Route(OneBackend) + Rollout(), status => status with { Phase = RolloutStatus.Promoted, Weight = 100 });
        var status = promoted.Rollouts["shop/p"].Rollout.Status!;
        Assert.Equal(100u, Weights(promoted)[1].Weight);

        var changed = Compile(Route("backendRefs: [{name: v1, port: 80, weight: 3}, {name: v2, port: 80, weight: 1}]") + Rollout(), _ => status);
        Assert.Equal([("shop/v1", 3u), ("shop/v2", 1u)], Weights(changed));

        var anew = Compile(Route(OneBackend) + Rollout("revision: '2'"), _ => status);
        Assert.Equal([("shop/v1", 100u), ("shop/v2", 0u)], Weights(anew));
    }

    [Fact]
    public void Without_the_rollout_the_routes_own_weights_count()
    {
        Compile(Route(OneBackend) + Rollout(), status => status with { Weight = 30 });

        var compiled = Compile(Route(OneBackend), null);

        Assert.Equal([("shop/v1", 1u)], Weights(compiled));
        Assert.False(Rule(compiled).Measured);
        Assert.Empty(compiled.Rollouts);
    }

    [Theory]
    [InlineData("backendRefs: [{name: v1, port: 80}, {name: web, port: 80}]", "", "Invalid")]
    [InlineData("name: other, backendRefs: [{name: v1, port: 80}]", "", "TargetNotFound")]
    [InlineData(null, "", "TargetNotFound")]
    [InlineData(OneBackend, "older", "Conflicted")]
    public void What_it_cannot_be_for_is_said_and_the_route_left_as_it_is(string? rule, string older, string reason)
    {
        var other = older.Length == 0 ? "" : Rollout("revision: x", "a", "creationTimestamp: '2020-01-01T00:00:00Z'");
        var compiled = Compile((rule is null ? "" : Route(rule, name: rule.StartsWith("name", StringComparison.Ordinal) ? "" : "name: all, ")) + Rollout() + other, null);

        Assert.Equal(reason, compiled.Rollouts["shop/p"].Accepted.Reason);
        Assert.Contains(compiled.Problems, problem => problem is { Kind: "Rollout", Id: "shop/p" } && problem.Reason == reason);
        if (older.Length == 0 && rule is not null)
        {
            Assert.Equal(1u, Weights(compiled)[0].Weight);
        }
    }

    [Theory]
    [InlineData("steps: [{weight: 10}, {weight: 10}]", "spec.steps[1].weight")]
    [InlineData("steps: []", "spec.steps")]
    [InlineData("steps: [{weight: 10, hold: soon}]", "spec.steps[0].hold")]
    [InlineData("steps: [{weight: 10}], canary: {name: v1, port: 80}", "spec.canary")]
    [InlineData("steps: [{weight: 10}], analysis: {successRate: 101}", "spec.analysis.successRate")]
    public void A_rollout_that_makes_no_sense_is_refused(string spec, string field)
    {
        var set = TestResources.Parse(Rollout(spec, steps: ""));

        Assert.Empty(set.Rollouts);
        Assert.Contains(field, set.Problems.Single().Message, StringComparison.Ordinal);
    }

    // The status is the one a rollout of this spec would have, changed.
    private Compilation Compile(string yaml, Func<RolloutStatus, RolloutStatus>? status)
    {
        var set = TestResources.Parse(Services + yaml);
        var compiled = _compiler.Compile(set, TestMesh.Observed());
        if (status is null)
        {
            return compiled;
        }
        var target = compiled.Rollouts["shop/p"].Target!;
        var placed = set.Rollouts["shop/p"] with
        {
            Status = status(new RolloutStatus { Phase = RolloutStatus.Progressing, Revision = target.Revision, Route = target.Backends }),
        };
        return _compiler.Compile(set with { Rollouts = set.Rollouts.SetItem("shop/p", placed) }, TestMesh.Observed());
    }

    private static Contract.RouteRule Rule(Compilation compiled) => compiled.Content.Routes["shop/web"].Tables.Single().Rules.Single();

    private static List<(string Service, uint Weight)> Weights(Compilation compiled) => [.. Rule(compiled).Backends.Select(backend => (backend.Port.Service, backend.Weight))];

    private static string Route(string rule, string name = "name: all, ") => $$"""

        ---
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: shop}, spec: {
          parentRefs: [{group: '', kind: Service, name: web}], rules: [ { {{name}} {{rule}} } ] } }

        """;

    private static string Rollout(string more = "paused: false", string name = "p", string metadata = "generation: 1", string steps = "steps: [{weight: 10}, {weight: 50}], ")
    {
        var canary = more.Contains("canary", StringComparison.Ordinal) ? "" : "canary: {name: v2, port: 80}, ";
        return $$"""

        ---
        {apiVersion: nodemesh.io/v1alpha1, kind: Rollout, metadata: {name: {{name}}, namespace: shop, {{metadata}} }, spec: {
          targetRef: {group: gateway.networking.k8s.io, kind: HTTPRoute, name: web, sectionName: all}, stable: {name: v1, port: 80}, {{canary}} {{steps}} {{more}} } }

        """;
    }
}
