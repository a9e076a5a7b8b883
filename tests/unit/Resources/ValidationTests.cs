using System.Net;
using NodeMesh.Agent.Resources.Validation;
using Xunit;

namespace NodeMesh.UnitTests.Resources;

public class ValidationTests
{
    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("fd00::1", true)]
    [InlineData("2001:DB8::1", true)]
    [InlineData("1", false)]
    [InlineData("10.1", false)]
    [InlineData("010.0.0.1", false)]
    [InlineData("0x0a.0.0.1", false)]
    [InlineData("10.0.0.1:80", false)]
    [InlineData("[fd00::1]", false)]
    [InlineData("fe80::1%eth0", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("::", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("ff02::1", false)]
    [InlineData("", false)]
    public void Only_plain_unicast_addresses_are_taken(string text, bool valid) => Assert.Equal(valid, Addresses.TryParse(text, out _));

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("fd00::1/64", "fd00::/64")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("10.0.0.0/33", null)]
    [InlineData("10.0.0.0/", null)]
    [InlineData("10.0.0.0/-1", null)]
    [InlineData("x/8", null)]
    public void A_network_is_a_CIDR_or_an_address(string text, string? network)
    {
        var valid = Addresses.TryParseNetwork(text, out var parsed);

        Assert.Equal(network, valid ? parsed.ToString() : null);
        Assert.True(network is null || parsed == IPNetwork.Parse(network));
    }

    [Theory]
    [InlineData("web", true)]
    [InlineData("web-1", true)]
    [InlineData("1web", true)]
    [InlineData("Web", false)]
    [InlineData("-web", false)]
    [InlineData("web-", false)]
    [InlineData("web.x", false)]
    [InlineData("web\n", false)]
    [InlineData("", false)]
    public void A_DNS_label_is_that_of_RFC_1123(string name, bool valid) => Assert.Equal(valid, Names.IsDnsLabel(name));

    [Fact]
    public void Names_have_a_longest_length()
    {
        Assert.True(Names.IsDnsLabel(new string('a', 63)));
        Assert.False(Names.IsDnsLabel(new string('a', 64)));
        Assert.False(Names.IsDnsSubdomain(new string('a', 254)));
    }

    [Theory]
    [InlineData("app", true)]
    [InlineData("app.kubernetes.io/name", true)]
    [InlineData("App_1.x", true)]
    [InlineData("/name", false)]
    [InlineData("a/b/c", false)]
    [InlineData("a b", false)]
    [InlineData("", false)]
    public void A_label_key_may_have_a_prefix(string key, bool valid) => Assert.Equal(valid, Names.IsLabelKey(key));

    [Theory]
    [InlineData("metadata: {}", "metadata.name")]
    [InlineData("metadata: {name: A}", "metadata.name")]
    [InlineData("metadata: {name: a, namespace: b.c}", "metadata.namespace")]
    [InlineData("metadata: {name: a, labels: {app: 'x y'}}", "metadata.labels['app']")]
    [InlineData("metadata: {name: a, labels: {app: 1}}", "metadata.labels.app")]
    [InlineData("metadata: {name: a}\nstatus: {podIP: 300.0.0.1}", "status.podIP")]
    [InlineData("metadata: {name: a}\nstatus: {podIPs: [{ip: 10.0.0.1}, {ip: localhost}]}", "status.podIPs[1].ip")]
    [InlineData("metadata: {name: a}\nspec: {containers: [{ports: [{containerPort: 0}]}]}", "spec.containers[0].ports[0].containerPort")]
    [InlineData("metadata: {name: a}\nspec: {hostNetwork: sure}", "spec.hostNetwork")]
    [InlineData("metadata: {name: a}\nspec: []", "spec")]
    [InlineData("metadata: {name: a}\nspec: {containers: [~]}", "")]
    public void A_bad_field_of_a_pod_is_named(string yaml, string field) => AssertField("v1", "Pod", yaml, field);

    [Theory]
    [InlineData("spec: {clusterIP: 10.0.0}", "spec.clusterIP")]
    [InlineData("spec: {clusterIPs: [10.0.0.1, x]}", "spec.clusterIPs[1]")]
    [InlineData("spec: {type: Nodeport}", "spec.type")]
    [InlineData("spec: {selector: {'a b': c}}", "spec.selector['a b']")]
    [InlineData("spec: {ports: [{port: 0}]}", "spec.ports[0].port")]
    [InlineData("spec: {ports: [{port: 65536}]}", "spec.ports[0].port")]
    [InlineData("spec: {ports: [{port: 80, targetPort: 70000}]}", "spec.ports[0].targetPort")]
    [InlineData("spec: {ports: [{port: 80, targetPort: true}]}", "spec.ports[0].targetPort")]
    [InlineData("spec: {ports: [{port: 80, protocol: tcp}]}", "spec.ports[0].protocol")]
    [InlineData("spec: {ports: [{name: a, port: 80}, {port: 81}]}", "spec.ports[1].name")]
    [InlineData("spec: {ports: [{name: a, port: 80}, {name: a, port: 81}]}", "spec.ports[1].name")]
    [InlineData("spec: {ports: [{name: a, port: 80}, {name: b, port: 80}]}", "spec.ports[1].port")]
    public void A_bad_field_of_a_Service_is_named(string yaml, string field) => AssertField("v1", "Service", $"metadata: {{name: a}}\n{yaml}", field);

    [Theory]
    [InlineData("endpoints: []", "addressType")]
    [InlineData("addressType: IPV4", "addressType")]
    [InlineData("addressType: IPv4\nendpoints: [{addresses: []}]", "endpoints[0].addresses")]
    [InlineData("addressType: IPv4\nendpoints: [{addresses: [\"fd00::1\"]}]", "endpoints[0].addresses[0]")]
    [InlineData("addressType: IPv6\nendpoints: [{addresses: [10.0.0.1]}]", "endpoints[0].addresses[0]")]
    [InlineData("addressType: IPv4\nports: [{port: 0}]", "ports[0].port")]
    public void A_bad_field_of_an_EndpointSlice_is_named(string yaml, string field) =>
        AssertField("discovery.k8s.io/v1", "EndpointSlice", $"metadata: {{name: a}}\n{yaml}", field);

    [Fact]
    public void A_TCP_and_a_UDP_port_may_have_the_same_number() => Assert.Empty(TestResources.Parse("""
        {apiVersion: v1, kind: Service, metadata: {name: dns}, spec: {ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]}}
        """).Problems);

    private static void AssertField(string apiVersion, string kind, string yaml, string field)
    {
        var set = TestResources.Parse($"apiVersion: {apiVersion}\nkind: {kind}\n{yaml}");

        var problem = Assert.Single(set.Problems);
        Assert.Equal("Invalid", problem.Reason);
        Assert.Equal(field, problem.At!.Field);
        Assert.True(set.Pods.IsEmpty && set.Services.IsEmpty && set.EndpointSlices.IsEmpty);
    }
}
