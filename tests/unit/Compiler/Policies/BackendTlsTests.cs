using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Compiler.Routes;
using Xunit;

namespace NodeMesh.UnitTests.Compiler.Policies;

public class BackendTlsTests
{
    private const string Key = "BackendTLSPolicy/shop/p";

    [Theory]
    [InlineData("", "shop/web")]
    [InlineData(", sectionName: admin", "shop/web:8080")]
    public void A_policy_says_who_is_trusted_behind_a_Service_or_a_port_of_it(string section, string scope)
    {
        var compiled = Compile("hostname: web.example, subjectAltNames: [{type: Hostname, hostname: A.Example}, {type: URI, uri: 'spiffe://x/y'}]", section: section);

        var tls = compiled.Scope(scope).BackendTls;
        Assert.Equal(("shop/p", "web.example", "", false), (tls.Policy, tls.Hostname, tls.Unusable, tls.SystemCa));
        Assert.Equal(TestCertificates.AuthorityPem, Assert.Single(tls.CaCertificates).Trim());
        Assert.Equal(["a.example", "spiffe://x/y"], tls.DnsNames.Concat(tls.Uris));
        Assert.Equal([("Accepted", true, "Accepted"), ("ResolvedRefs", true, "ResolvedRefs")], Conditions(compiled));
        Assert.Empty(compiled.Problems);
    }

    [Fact]
    public void The_systems_certificates_are_trusted_where_the_policy_says_so()
    {
        var tls = Compile("hostname: web.example, wellKnownCACertificates: System", references: "").Scope("shop/web").BackendTls;

        Assert.True(tls.SystemCa);
        Assert.Equal("", tls.Unusable);
    }

    [Theory]
    [InlineData("{group: '', kind: ConfigMap, name: nothing}", "InvalidCACertificateRef", "there is no ConfigMap shop/nothing")]
    [InlineData("{group: '', kind: ConfigMap, name: empty}", "InvalidCACertificateRef", "the ConfigMap shop/empty has no certificates")]
    [InlineData("{group: '', kind: ConfigMap, name: broken}", "InvalidCACertificateRef", "the ConfigMap shop/broken has no certificates")]
    [InlineData("{group: '', kind: Secret, name: ca}", "InvalidKind", "Secret ca is no ConfigMap")]
    public void Without_a_certificate_to_trust_nothing_is_trusted(string reference, string reason, string message)
    {
        var compiled = Compile("hostname: web.example", reference);

        Assert.NotEqual("", compiled.Scope("shop/web").BackendTls.Unusable);
        Assert.Equal([("Accepted", false, "NoValidCACertificate"), ("ResolvedRefs", false, reason)], Conditions(compiled));
        Assert.Contains(compiled.Problems, problem => problem.Reason == reason && problem.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void With_one_good_reference_of_two_it_counts_and_the_other_is_reported()
    {
        var compiled = Compile("hostname: web.example", "{group: '', kind: ConfigMap, name: nothing}, {group: '', kind: ConfigMap, name: ca}");

        Assert.Equal("", compiled.Scope("shop/web").BackendTls.Unusable);
        Assert.Equal([("Accepted", true, "Accepted"), ("ResolvedRefs", false, "InvalidCACertificateRef")], Conditions(compiled));
    }

    [Theory]
    [InlineData("hostname: web.example, wellKnownCACertificates: System")]
    [InlineData("hostname: web.example, wellKnownCACertificates: acme.example/roots")]
    [InlineData("hostname: '-'")]
    [InlineData("hostname: web.example, subjectAltNames: [{type: Hostname, uri: x}]")]
    [InlineData("hostname: web.example, subjectAltNames: nonsense")]
    [InlineData("hostname: [a]")]
    public void What_it_says_wrongly_closes_what_it_is_attached_to(string validation)
    {
        var compiled = Compile(validation);

        Assert.NotEqual("", compiled.Scope("shop/web").BackendTls.Unusable);
        Assert.Equal(("Accepted", false, "Invalid"), Conditions(compiled)[0]);
    }

    [Fact]
    public void Neither_references_nor_the_systems_certificates_is_a_mistake() =>
        Assert.Equal(("Accepted", false, "Invalid"), Conditions(Compile("hostname: web.example", references: ""))[0]);

    [Fact]
    public void It_is_attached_to_Services_alone()
    {
        var compiled = Compile("hostname: web.example", target: PolicyYaml.ToShop);

        Assert.Empty(compiled.Content.Policies);
        Assert.Equal(("Accepted", false, "Invalid"), Conditions(compiled)[0]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_port_that_is_declared_to_speak_TLS_is_a_backend_where_a_policy_says_how(bool isSecured)
    {
        var compiled = TestMesh.Compile($$"""
            {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}, {name: https, port: 443, appProtocol: https}] } }
            ---
            {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: shop}, spec: {
              parentRefs: [{group: '', kind: Service, name: web, port: 80}], rules: [{backendRefs: [{name: web, port: 443}] }] } }
            {{(isSecured ? Policy("hostname: web.example", "{group: '', kind: ConfigMap, name: ca}", ", sectionName: https", null) : "")}}
            """);

        Assert.Equal(isSecured, compiled.Content.Routes["shop/web"].Tables.Single().Rules.Single().Backends.Single().Port is not null);
        Assert.Equal(!isSecured, compiled.Problems.Any(problem => problem.Reason == RouteReason.UnsupportedProtocol));
    }

    private static Compilation Compile(
        string validation, string references = "{group: '', kind: ConfigMap, name: ca}", string section = "", string? target = null) =>
        PolicyYaml.Compile(Maps, Policy(validation, references, section, target));

    private static string Policy(string validation, string references, string section, string? target) => $$"""

        ---
        {apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: {name: p, namespace: shop}, spec: {
          targetRefs: [ {{target ?? $"{{group: '', kind: Service, name: web{section}}}"}} ], validation: { {{validation}}{{(references.Length == 0 ? "" : $", caCertificateRefs: [{references}]")}} } } }

        """;

    private static string Maps => $$"""

        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: empty, namespace: shop}, data: {other: x} }
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: broken, namespace: shop}, data: {ca.crt: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"} }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: ca, namespace: shop}
        data:
          ca.crt: |
            {{TestCertificates.AuthorityPem.ReplaceLineEndings("\n    ")}}

        """;

    private static (string Type, bool Status, string Reason)[] Conditions(Compilation compiled) =>
        [.. compiled.PolicyStatuses[Key].Targets.Single().Conditions.Select(condition => (condition.Type, condition.Status, condition.Reason))];
}
