using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;
using Xunit;

namespace NodeMesh.UnitTests.Security;

public class AccessRulesTests
{
    private static readonly WorkloadEntry Cart = new("shop/cart-1", "shop", "cart", "cart-sa", "", "n1", "");

    [Fact]
    public void Without_a_policy_that_allows_everything_is()
    {
        var rules = Rules(Policy(AuthorizationAction.Deny, new AuthorizationRule { To = { new OperationMatch { Ports = { 9 } } } }));

        Assert.Equal(Access.Allowed, Ask(rules, "GET", "/").Access);
    }

    [Fact]
    public void An_allowing_policy_without_rules_allows_nothing()
    {
        var rules = Rules(Policy(AuthorizationAction.Allow));

        Assert.Equal(Access.Denied, Ask(rules, "GET", "/").Access);
        Assert.Equal(Access.Denied, rules.Decide(Facts()).Access);
    }

    [Fact]
    public void A_denial_beats_any_allowance()
    {
        var rules = Rules(Policy(AuthorizationAction.Allow, new AuthorizationRule()), Policy(AuthorizationAction.Deny, To(new OperationMatch { Methods = { "DELETE" } })));

        Assert.Equal(Access.Allowed, Ask(rules, "GET", "/").Access);
        Assert.Equal(new AccessDecision(Access.Denied, "shop/deny"), Ask(rules, "DELETE", "/"));
    }

    [Fact]
    public void What_several_policies_allow_adds_up()
    {
        var rules = Rules(Policy(AuthorizationAction.Allow, To(new OperationMatch { Methods = { "GET" } })), Policy(AuthorizationAction.Allow, To(new OperationMatch { Methods = { "PUT" } })));

        Assert.Equal([Access.Allowed, Access.Allowed, Access.Denied], new[] { "GET", "PUT", "POST" }.Select(method => Ask(rules, method, "/").Access));
    }

    [Theory]
    [InlineData("namespace", "shop", true)]
    [InlineData("namespace", "other", false)]
    [InlineData("workload", "shop/cart", true)]
    [InlineData("workload", "shop/cart-1", false)]
    [InlineData("workload", "other/cart", false)]
    [InlineData("account", "shop/cart-sa", true)]
    [InlineData("account", "shop/cart", false)]
    [InlineData("cidr", "10.0.0.0/24", true)]
    [InlineData("cidr", "10.0.0.7", true)]
    [InlineData("cidr", "10.0.1.0/24", false)]
    [InlineData("except", "10.0.0.7/32", false)]
    [InlineData("except", "10.0.0.8/32", true)]
    public void A_source_is_told_by_what_is_known_of_it(string by, string value, bool allowed)
    {
        var source = by switch
        {
            "namespace" => new SourceMatch { Namespaces = { value } },
            "workload" => new SourceMatch { Workloads = { value } },
            "account" => new SourceMatch { ServiceAccounts = { value } },
            "cidr" => new SourceMatch { Cidrs = { value } },
            _ => new SourceMatch { Cidrs = { "10.0.0.0/8" }, ExceptCidrs = { value } },
        };
        var rules = Rules(Policy(AuthorizationAction.Allow, new AuthorizationRule { From = { source } }));

        Assert.Equal(allowed ? Access.Allowed : Access.Denied, rules.Decide(Facts()).Access);
    }

    [Fact]
    public void A_source_the_mesh_does_not_know_has_no_name()
    {
        var named = Rules(Policy(AuthorizationAction.Allow, new AuthorizationRule { From = { new SourceMatch { Namespaces = { "shop", "", "unknown" } } } }));

        Assert.Equal(Access.Denied, named.Decide(Facts() with { Source = null }).Access);
    }

    [Fact]
    public void All_that_a_source_is_given_must_hold()
    {
        var rules = Rules(Policy(AuthorizationAction.Allow, new AuthorizationRule { From = { new SourceMatch { Namespaces = { "shop" }, Cidrs = { "10.9.0.0/16" } } } }));

        Assert.Equal(Access.Denied, rules.Decide(Facts()).Access);
    }

    [Theory]
    [InlineData("/admin", false)]
    [InlineData("/admin/x?y=1", false)]
    [InlineData("/administrator", true)]
    [InlineData("//admin", false)]
    [InlineData("/%61dmin", false)]
    [InlineData("/x/../admin", false)]
    [InlineData("/x/%2e%2E/admin", false)]
    [InlineData("/./admin", false)]
    [InlineData("/admin;a=b", false)]
    [InlineData("/x/..%2fadmin", false)]
    [InlineData("/x\\..\\admin", false)]
    [InlineData("/public", true)]
    public void A_denied_path_cannot_be_dressed_up(string target, bool allowed)
    {
        var rules = Rules(Policy(AuthorizationAction.Deny, To(new OperationMatch { Paths = { new PathMatch { Prefix = "/admin" } } })));

        Assert.Equal(allowed ? Access.Allowed : Access.Denied, Ask(rules, "GET", target).Access);
    }

    [Theory]
    [InlineData("/public/a", true)]
    [InlineData("/public/../admin", false)]
    [InlineData("/public/%2e%2e/admin", false)]
    [InlineData("/x/../public", false)]
    [InlineData("/public/a%20b", true)]
    public void An_allowed_path_is_allowed_only_if_every_server_would_take_it_for_that(string target, bool allowed)
    {
        var rules = Rules(Policy(AuthorizationAction.Allow, To(new OperationMatch { Paths = { new PathMatch { Prefix = "/public" } } })));

        Assert.Equal(allowed ? Access.Allowed : Access.Denied, Ask(rules, "GET", target).Access);
    }

    [Fact]
    public void All_headers_of_an_operation_must_match()
    {
        var rules = Rules(Policy(AuthorizationAction.Allow, To(new OperationMatch
        {
            Headers = { new ValueMatch { Name = "x-role", Exact = "admin" }, new ValueMatch { Name = "x-team", Regex = "a|b" } },
        })));

        Assert.Equal(Access.Allowed, Ask(rules, "GET", "/", ("x-role", "admin"), ("x-team", "b")).Access);
        Assert.Equal(Access.Denied, Ask(rules, "GET", "/", ("x-role", "admin"), ("x-team", "ab")).Access);
        Assert.Equal(Access.Denied, Ask(rules, "GET", "/", ("x-role", "admin")).Access);
    }

    [Fact]
    public void A_connection_depends_on_its_requests_only_where_a_rule_does()
    {
        var perPath = To(new OperationMatch { Ports = { 8080 }, Paths = { new PathMatch { Prefix = "/a" } } });
        var allow = Rules(Policy(AuthorizationAction.Allow, perPath));
        var deny = Rules(Policy(AuthorizationAction.Deny, perPath));

        Assert.Equal(Access.DependsOnRequest, allow.Decide(Facts()).Access);
        Assert.Equal(Access.DependsOnRequest, deny.Decide(Facts()).Access);
        Assert.Equal(Access.Denied, allow.Decide(Facts() with { Port = 81 }).Access);
        Assert.Equal(Access.Allowed, deny.Decide(Facts() with { Port = 81 }).Access);
    }

    [Fact]
    public void On_a_connection_that_is_no_HTTP_what_cannot_be_seen_closes()
    {
        var perPath = To(new OperationMatch { Paths = { new PathMatch { Prefix = "/a" } } });

        Assert.Equal(Access.Denied, Rules(Policy(AuthorizationAction.Allow, perPath)).DecideOpaque(Facts()).Access);
        Assert.Equal(Access.Denied, Rules(Policy(AuthorizationAction.Deny, perPath)).DecideOpaque(Facts()).Access);
        Assert.Equal(Access.Allowed, Rules(Policy(AuthorizationAction.Allow, To(new OperationMatch { Ports = { 8080 } }))).DecideOpaque(Facts()).Access);
    }

    [Fact]
    public void An_audit_only_reports()
    {
        var rules = Rules(Policy(AuthorizationAction.Audit, To(new OperationMatch { Methods = { "GET" } })));

        Assert.Equal(Access.Allowed, Ask(rules, "GET", "/").Access);
        Assert.Equal(["shop/audit"], rules.Audits(Facts(), Head("GET", "/")));
        Assert.Empty(rules.Audits(Facts(), Head("PUT", "/")));
        Assert.Empty(rules.Audits(Facts()));
    }

    private static AccessRules Rules(params AuthorizationEntry[] policies) => new(policies);

    private static AuthorizationEntry Policy(AuthorizationAction action, params AuthorizationRule[] rules) =>
        new(new Contract.Authorization { Policy = $"shop/{action.ToString().ToLowerInvariant()}", Action = action, Rules = { rules } });

    private static AuthorizationRule To(OperationMatch operation) => new() { To = { operation } };

    private static AccessFacts Facts() => new(Cart, IPAddress.Parse("10.0.0.7"), 8080);

    private static AccessDecision Ask(AccessRules rules, string method, string target, params (string Name, string Value)[] fields) =>
        rules.Decide(Facts(), Head(method, target, fields));

    private static RequestHead Head(string method, string target, params (string Name, string Value)[] fields) =>
        new(method, target, "web", false, new Fields(fields.ToDictionary(field => field.Name, field => field.Value)));

    private sealed class Fields(Dictionary<string, string> values) : IRequestFields
    {
        public string? Find(string name) => values.GetValueOrDefault(name);
    }
}
