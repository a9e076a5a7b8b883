using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Compiler.Policies.PolicyYaml;

namespace NodeMesh.UnitTests.Compiler.Policies;

public class AttachmentTests
{
    [Theory]
    [InlineData(ToWeb, "shop", "shop/web")]
    [InlineData(ToWebAdmin, "shop", "shop/web:8080")]
    [InlineData(ToShop, "shop", "shop")]
    [InlineData(ToMesh, "nodemesh-system", "")]
    [InlineData(ToRoute, "shop", "HTTPRoute/shop/web")]
    [InlineData("{group: gateway.networking.k8s.io, kind: HTTPRoute, name: web, sectionName: first}", "shop", "HTTPRoute/shop/web#first")]
    public void A_policy_is_attached_to_its_target(string target, string ns, string scope)
    {
        var compiled = Compile(Policy("FaultPolicy", Fault, target, ns: ns));

        Assert.Equal([scope], compiled.Content.Policies.Keys);
        Assert.Equal((503u, 1_000_000u), (compiled.Scope(scope).Fault.Faults.Single().HttpStatus, compiled.Scope(scope).Fault.Faults.Single().PerMillion));
        Assert.True(compiled.Accepted($"FaultPolicy/{ns}/p").Status);
        Assert.Equal(3, compiled.PolicyStatuses[$"FaultPolicy/{ns}/p"].Generation);
        Assert.Empty(compiled.Problems);
    }

    [Theory]
    [InlineData(ToMesh, "Invalid")]
    [InlineData("{kind: Namespace, name: other}", "Invalid")]
    [InlineData("{kind: Secret, name: web}", "Invalid")]
    [InlineData("{group: gateway.networking.k8s.io, kind: TCPRoute, name: web}", "Invalid")]
    [InlineData("{kind: Service, name: web, sectionName: nothing}", "TargetNotFound")]
    [InlineData("{kind: Service, name: nobody}", "TargetNotFound")]
    [InlineData("{group: gateway.networking.k8s.io, kind: HTTPRoute, name: web, sectionName: nothing}", "TargetNotFound")]
    public void A_target_that_cannot_be_had_is_reported(string target, string reason)
    {
        var compiled = Compile(Policy("FaultPolicy", Fault, target));

        var condition = compiled.Accepted("FaultPolicy/shop/p");
        Assert.False(condition.Status);
        Assert.Equal(reason, condition.Reason);
        Assert.Contains(compiled.Problems, problem => problem is { Kind: "FaultPolicy", Id: "shop/p" } && problem.Reason == reason);
        Assert.DoesNotContain("shop/web", compiled.Content.Policies.Keys);
    }

    [Fact]
    public void Of_two_policies_on_one_target_the_older_wins_and_the_other_says_so()
    {
        var younger = Policy("FaultPolicy", "faults: [{abort: {httpStatus: 500}}]", name: "a", metadata: "creationTimestamp: '2026-02-01T00:00:00Z'");
        var older = Policy("FaultPolicy", Fault, name: "b", metadata: "creationTimestamp: '2026-01-01T00:00:00Z'");

        var compiled = Compile(younger, older);

        Assert.Equal("shop/b", compiled.Scope("shop/web").Fault.Policy);
        Assert.True(compiled.Accepted("FaultPolicy/shop/b").Status);
        var lost = compiled.Accepted("FaultPolicy/shop/a");
        Assert.Equal((false, PolicyReason.Conflicted), (lost.Status, lost.Reason));
        Assert.Contains("shop/b", lost.Message);
    }

    [Fact]
    public void Policies_of_several_kinds_and_scopes_do_not_conflict()
    {
        var compiled = Compile(
            Policy("FaultPolicy", Fault), Policy("FaultPolicy", Fault, ToShop, "q"), Policy("TrafficPolicy", "circuitBreaker: {maxRequests: 7}"), Policy("EgressPolicy", "allow: []"));

        Assert.Empty(compiled.Problems);
        var web = compiled.Scope("shop/web");
        Assert.NotNull(web.Fault);
        Assert.Equal(7u, web.Traffic.MaxRequests);
        Assert.NotNull(web.Egress);
        Assert.Equal("shop/q", compiled.Scope("shop").Fault.Policy);
    }

    [Fact]
    public void One_policy_may_have_several_targets()
    {
        var compiled = Compile(Policy("FaultPolicy", Fault, $"{ToWeb}, {ToShop}, {{kind: Service, name: nobody}}"));

        Assert.Equal([true, true, false], compiled.PolicyStatuses["FaultPolicy/shop/p"].Targets.Select(target => target.Conditions[0].Status));
        Assert.Equal(["shop", "shop/nobody", "shop/web"], compiled.Content.Policies.Keys);
    }

    [Fact]
    public void All_authorizations_of_a_scope_count()
    {
        var compiled = Compile(
            Policy("AuthorizationPolicy", "action: Allow, rules: [{from: [{workloads: [cart, other/x]}], to: [{ports: [8080], methods: [GET], paths: [{value: /a/}]}]}]"),
            Policy("AuthorizationPolicy", "action: Deny, rules: [{}]", name: "q"));

        var authorizations = compiled.Scope("shop/web").Authorizations;
        Assert.Equal([AuthorizationAction.Allow, AuthorizationAction.Deny], authorizations.Select(one => one.Action));
        Assert.Equal(["shop/cart", "other/x"], authorizations[0].Rules.Single().From.Single().Workloads);
        Assert.Equal("/a", authorizations[0].Rules.Single().To.Single().Paths.Single().Prefix);
        Assert.Empty(compiled.Problems);
    }

    [Theory]
    [InlineData("{kind: Service, name: web, sectionName: nothing}", "shop/web")]
    [InlineData("{kind: Service, name: nobody, sectionName: http}", "shop/nobody")]
    [InlineData("{kind: Namespace, name: other}", "shop")]
    [InlineData("{kind: Deployment, name: web}", "shop")]
    [InlineData(ToMesh, "shop")]
    [InlineData("{group: gateway.networking.k8s.io, kind: HTTPRoute, name: web, sectionName: nothing}", "HTTPRoute/shop/web")]
    [InlineData("{group: gateway.networking.k8s.io, kind: GRPCRoute, name: nobody, sectionName: first}", "GRPCRoute/shop/nobody")]
    [InlineData("{group: gateway.networking.k8s.io, kind: TCPRoute, name: web}", "shop")]
    public void An_authorization_whose_target_cannot_be_made_out_denies_everything_it_may_have_meant(string target, string closed)
    {
        var compiled = Compile(Policy("AuthorizationPolicy", "action: Allow, rules: [{}]", target));

        var authorization = compiled.Scope(closed).Authorizations.Single();
        Assert.Equal(AuthorizationAction.Deny, authorization.Action);
        Assert.Equal(new Contract.AuthorizationRule(), Assert.Single(authorization.Rules));
        Assert.False(compiled.Accepted("AuthorizationPolicy/shop/p").Status);
    }

    [Theory]
    [InlineData("HTTPRoute, name: web", "HTTPRoute/shop/web", true)]
    [InlineData("HTTPRoute, name: web, sectionName: first", "HTTPRoute/shop/web#first", true)]
    [InlineData("GRPCRoute, name: later", "GRPCRoute/shop/later", false)]
    public void An_authorization_is_attached_to_a_route_or_a_rule_of_it(string target, string scope, bool isThere)
    {
        var compiled = Compile(Policy("AuthorizationPolicy", "action: Allow, rules: [{}]", $"{{group: gateway.networking.k8s.io, kind: {target}}}"));

        Assert.Equal([scope], compiled.Content.Policies.Keys);
        Assert.Equal(AuthorizationAction.Allow, compiled.Scope(scope).Authorizations.Single().Action);
        Assert.Equal(isThere, compiled.Accepted("AuthorizationPolicy/shop/p").Status);
    }

    [Theory]
    [InlineData("rules: [{from: [{cidrs: [10.0.0.0/33]}]}]")]
    [InlineData("rules: [{from: [{namespace: shop}]}]")]
    [InlineData("rules: [{to: [{port: 80}]}]")]
    [InlineData("rules: nonsense")]
    [InlineData("action: Permit")]
    public void An_authorization_that_cannot_be_read_closes_its_namespace(string spec)
    {
        var compiled = Compile(Policy("AuthorizationPolicy", spec));

        Assert.Equal(AuthorizationAction.Deny, compiled.Scope("shop").Authorizations.Single().Action);
        Assert.Single(compiled.Scope("shop").Authorizations.Single().Rules);
        Assert.False(compiled.Accepted("AuthorizationPolicy/shop/p").Status);
    }

    [Theory]
    [InlineData("Allow", 1)]
    [InlineData("Deny", 2)]
    public void A_rule_that_cannot_be_carried_out_closes(string action, int rules)
    {
        var compiled = Compile(Policy("AuthorizationPolicy", $"action: {action}, rules: [{{to: [{{paths: [{{type: RegularExpression, value: '('}}]}}]}}, {{to: [{{ports: [80]}}]}}]"));

        var authorization = compiled.Scope("shop/web").Authorizations.Single();
        Assert.Equal(rules, authorization.Rules.Count);
        Assert.Equal(rules == 2, authorization.Rules.Contains(new Contract.AuthorizationRule()));
        Assert.Contains(compiled.Problems, problem => problem.Reason == "Invalid");
    }

    [Fact]
    public void A_global_limit_names_its_service_and_says_when_it_is_not_there()
    {
        const string Global = "domain: d, onFailure: Closed, descriptors: [{entries: [{key: k, from: Header, name: X-U}]}, {entries: [{key: k, value: v}], matches: [{path: {type: RegularExpression, value: '('}}]}]";
        var compiled = Compile(
            Policy("RateLimitPolicy", $"global: {{service: {{name: web, port: 80}}, {Global}}}"), Policy("RateLimitPolicy", $"global: {{service: {{name: nobody, port: 80}}, {Global}}}", ToShop, "q"));

        var global = compiled.Scope("shop/web").RateLimit.Global;
        Assert.Equal(("shop/web", true, 100u), (global.Service.Service, global.FailClosed, global.TimeoutMilliseconds));
        Assert.Equal("x-u", global.Descriptors.Single().Entries.Single().Header);
        Assert.Contains(compiled.Problems, problem => problem is { Id: "shop/p", Reason: "Invalid" } && problem.Message.Contains("descriptors[1]", StringComparison.Ordinal));
        Assert.Contains(compiled.Problems, problem => problem is { Id: "shop/q", Reason: "Invalid" } && problem.Message.Contains("there is no Service shop/nobody", StringComparison.Ordinal));
    }

    [Fact]
    public void A_policy_is_attached_when_its_Service_comes()
    {
        var compiler = new NodeMesh.Agent.Compiler.IncrementalCompiler("n1", NodeMesh.Agent.Capture.FailurePolicy.Closed);
        var policy = Policy("FaultPolicy", Fault, ToWebAdmin);

        var before = compiler.Compile(Resources.TestResources.Parse(policy), TestMesh.Observed());
        var after = compiler.Compile(Resources.TestResources.Parse(Shop + policy), TestMesh.Observed());

        Assert.Equal("TargetNotFound", before.Accepted("FaultPolicy/shop/p").Reason);
        Assert.Empty(before.Content.Policies);
        Assert.True(after.Accepted("FaultPolicy/shop/p").Status);
        Assert.Equal(["shop/web:8080"], after.Content.Policies.Keys);
    }
}
