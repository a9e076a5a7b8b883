using System.Net;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.UnitTests.Resources;
using Xunit;
using static NodeMesh.UnitTests.Compiler.TestMesh;

namespace NodeMesh.UnitTests.Compiler;

public class PodTests
{
    [Fact]
    public void A_pod_is_a_workload_with_all_that_is_known_of_it()
    {
        var workload = Assert.Single(Compile("""
            apiVersion: v1
            kind: Pod
            metadata:
              name: cart-5d9c7b8f6-x2x4z
              namespace: shop
              labels: {pod-template-hash: 5d9c7b8f6, app.kubernetes.io/version: "2.1", version: v2, topology.kubernetes.io/zone: z1}
              ownerReferences: [{kind: ReplicaSet, name: cart-5d9c7b8f6, controller: true}]
            spec: {nodeName: n2, serviceAccountName: cart}
            status: {podIPs: [{ip: 10.0.0.1}, {ip: "FD00::1"}]}
            """).Content.Workloads).Value;

        Assert.Equal(("shop/cart-5d9c7b8f6-x2x4z", "shop", "cart-5d9c7b8f6-x2x4z"), (workload.Id, workload.Namespace, workload.Name));
        Assert.Equal(("Deployment", "cart", "cart", "n2", "z1", "2.1"),
            (workload.OwnerKind, workload.Owner, workload.ServiceAccount, workload.Node, workload.Zone, workload.Version));
        Assert.Equal(["10.0.0.1", "fd00::1"], workload.Addresses);
    }

    [Theory]
    [InlineData("", "Pod/p")]
    [InlineData("ownerReferences: [{kind: StatefulSet, name: db, controller: true}]", "StatefulSet/db")]
    [InlineData("ownerReferences: [{kind: DaemonSet, name: log}]", "Pod/p")]
    [InlineData("ownerReferences: [{kind: Other, name: x}, {kind: DaemonSet, name: log, controller: true}]", "DaemonSet/log")]
    [InlineData("ownerReferences: [{kind: ReplicaSet, name: web-7c5ddbdf54, controller: true}]", "Deployment/web")]
    [InlineData("ownerReferences: [{kind: ReplicaSet, name: web-manual, controller: true}]", "ReplicaSet/web-manual")]
    [InlineData("ownerReferences: [{kind: ReplicaSet, name: web, controller: true}]", "ReplicaSet/web")]
    [InlineData("ownerReferences: [{kind: Job, name: backup-28391040, controller: true}]", "CronJob/backup")]
    [InlineData("ownerReferences: [{kind: Job, name: migrate, controller: true}]", "Job/migrate")]
    [InlineData("ownerReferences: [{kind: Job, name: migrate-2, controller: true}]", "Job/migrate-2")]
    public void The_owner_is_the_name_operators_know(string metadata, string owner)
    {
        var workload = Compile(Pod("p", "10.0.0.1", metadata)).Content.Workloads["default/p"];

        Assert.Equal(owner, $"{workload.OwnerKind}/{workload.Owner}");
    }

    [Fact]
    public void The_template_hash_is_taken_from_the_label_where_there_is_one() =>
        Assert.Equal("web-7c5dd", Compile("""
            apiVersion: v1
            kind: Pod
            metadata: {name: p, labels: {pod-template-hash: x9}, ownerReferences: [{kind: ReplicaSet, name: web-7c5dd-x9, controller: true}]}
            """).Content.Workloads["default/p"].Owner);

    [Theory]
    [InlineData("pod-a", "/run/netns/pod-a")]
    [InlineData("/var/run/netns/cni-1", "/var/run/netns/cni-1")]
    [InlineData("/proc/77/ns/net", "/proc/77/ns/net")]
    public void A_network_namespace_is_a_name_or_a_path(string annotation, string path) =>
        Assert.Equal(path, Assert.Single(Compile(Annotated($"nodemesh.io/netns: {annotation}")).LocalPods).Value.Netns);

    [Theory]
    [InlineData("''")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("/")]
    public void Any_other_network_namespace_is_a_problem(string annotation)
    {
        var compilation = Compile(Annotated($"nodemesh.io/netns: {annotation}"));

        Assert.Empty(compilation.LocalPods);
        Assert.Equal(("default/p", "InvalidAnnotation"), Only(compilation));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("nodeName: n1", true)]
    [InlineData("nodeName: n2", false)]
    public void A_pod_is_local_when_it_names_a_namespace_and_no_other_node(string spec, bool local) => Assert.Equal(local, Compile($$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: p, annotations: {nodemesh.io/netns: p} }
        spec: { {{spec}} }
        status: {podIP: 10.0.0.1}
        """).LocalPods.ContainsKey("default/p"));

    [Fact]
    public void A_pod_without_a_namespace_to_go_to_is_not_local() =>
        Assert.Empty(Compile("{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: n1}}").LocalPods);

    [Theory]
    [InlineData("enabled", "", true)]
    [InlineData("enabled", "disabled", true)]
    [InlineData("disabled", "enabled", false)]
    [InlineData("", "enabled", true)]
    [InlineData("", "disabled", false)]
    [InlineData("", "", false)]
    [InlineData("yes", "enabled", false)]
    [InlineData("", "true", false)]
    public void Enrolment_is_the_pods_label_then_the_Namespaces(string pod, string ns, bool enrolled)
    {
        var onPod = pod.Length > 0 ? $"nodemesh.io/mesh: {pod}" : "";
        var onNamespace = ns.Length > 0 ? $"nodemesh.io/mesh: \"{ns}\"" : "";
        var compilation = Compile($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop, labels: { {{onNamespace}} } }
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: p, namespace: shop, annotations: {nodemesh.io/netns: p}, labels: { {{onPod}} } }
            """);

        Assert.Equal(enrolled, compilation.LocalPods["shop/p"].Enrolled);
        Assert.Equal(pod == "yes" || ns == "true" ? 1 : 0, compilation.Problems.Length);
    }

    [Fact]
    public void A_bad_label_of_a_Namespace_is_reported_once()
    {
        var problem = Assert.Single(Compile("""
            {apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {nodemesh.io/mesh: "on"}}}
            """ + Pod("a", "10.0.0.1") + Pod("b", "10.0.0.2")).Problems);

        Assert.Equal(("Namespace", "default", "InvalidLabel"), (problem.Kind, problem.Id, problem.Reason));
    }

    [Fact]
    public void A_pod_in_the_hosts_network_is_never_enrolled()
    {
        var compilation = Compile("""
            apiVersion: v1
            kind: Pod
            metadata: {name: p, labels: {nodemesh.io/mesh: enabled}, annotations: {nodemesh.io/netns: p}}
            spec: {hostNetwork: true}
            """);

        Assert.False(compilation.LocalPods["default/p"].Enrolled);
        Assert.Equal(("default/p", "HostNetwork"), Only(compilation));
    }

    [Fact]
    public void Pods_in_the_hosts_network_share_its_address_in_peace()
    {
        var compilation = Compile(Pod("a", "192.168.0.1", spec: "hostNetwork: true") + Pod("b", "192.168.0.1", spec: "hostNetwork: true") + Service("{port: 80}"));

        Assert.Empty(compilation.Problems);
        Assert.Empty(compilation.Content.Workloads["default/a"].Addresses);
        Assert.Equal(["192.168.0.1:80"], Endpoints(compilation));
    }

    [Fact]
    public void Capture_options_come_from_annotations()
    {
        var options = Compile(Annotated("""
            nodemesh.io/netns: p, nodemesh.io/exclude-outbound-ports: "25, 587,25", nodemesh.io/exclude-outbound-cidrs: "10.1.2.3/16,fd00::/8",
            nodemesh.io/exclude-inbound-ports: "9000", nodemesh.io/on-failure: open
            """)).LocalPods["default/p"].Options;

        Assert.Equal([25, 587], options.ExcludedOutboundPorts);
        Assert.Equal([IPNetwork.Parse("10.1.0.0/16"), IPNetwork.Parse("fd00::/8")], options.ExcludedOutboundNetworks);
        Assert.Equal([9000], options.ExcludedInboundPorts);
        Assert.Equal(FailurePolicy.Open, options.OnFailure);
    }

    [Theory]
    [InlineData(null, null, nameof(FailurePolicy.Open), nameof(FailurePolicy.Open))]
    [InlineData("closed", null, nameof(FailurePolicy.Open), nameof(FailurePolicy.Closed))]
    [InlineData("closed", "open", nameof(FailurePolicy.Closed), nameof(FailurePolicy.Open))]
    [InlineData("open", "perhaps", nameof(FailurePolicy.Closed), nameof(FailurePolicy.Open))]
    [InlineData("perhaps", null, nameof(FailurePolicy.Open), nameof(FailurePolicy.Open))]
    public void The_failure_policy_is_the_pods_else_its_namespaces_else_the_meshes(
        string? ofNamespace, string? ofPod, string ofMesh, string expected)
    {
        var compilation = MeshCompiler.Compile(
            TestResources.Parse($"""
                apiVersion: v1
                kind: Namespace
                metadata: {Metadata("default", ofNamespace)}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {Metadata("p", ofPod, "nodemesh.io/netns: p")}
                """),
            new NodeContext("n1") { OnFailure = Enum.Parse<FailurePolicy>(ofMesh) });

        Assert.Equal(expected, compilation.LocalPods["default/p"].Options.OnFailure.ToString());
        Assert.Equal(new[] { ofNamespace, ofPod }.Count(policy => policy == "perhaps"), compilation.Problems.Length);

        static string Metadata(string name, string? policy, string? more = null)
        {
            var annotations = new[] { more, policy is null ? null : $"nodemesh.io/on-failure: {policy}" };
            return $"{{ name: {name}, annotations: {{ {string.Join(", ", annotations.OfType<string>())} }} }}";
        }
    }

    [Fact]
    public void Ports_that_a_pod_or_its_namespace_declares_opaque_are_so_without_a_service()
    {
        var compilation = Compile("""
            apiVersion: v1
            kind: Namespace
            metadata: { name: default, annotations: { nodemesh.io/opaque-ports: "3306" } }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: p, annotations: { nodemesh.io/netns: p, nodemesh.io/opaque-ports: "8080,3306" } }
            """);

        Assert.Equal([8080u, 3306u], compilation.Content.Workloads["default/p"].OpaquePorts);
    }

    [Theory]
    [InlineData("exclude-outbound-ports: \"80,x,90\"", "\"x\"")]
    [InlineData("exclude-outbound-ports: \"0\"", "\"0\"")]
    [InlineData("exclude-inbound-ports: \"65536\"", "\"65536\"")]
    [InlineData("exclude-inbound-ports: \"-1\"", "\"-1\"")]
    [InlineData("exclude-outbound-cidrs: \"10.0.0.0/40,10.0.0.0/8\"", "\"10.0.0.0/40\"")]
    [InlineData("on-failure: maybe", "\"maybe\"")]
    public void A_bad_item_of_an_annotation_is_a_problem(string annotation, string item)
    {
        var problem = Assert.Single(Compile(Annotated($"nodemesh.io/netns: p, nodemesh.io/{annotation}")).Problems);

        Assert.Equal(("Pod", "default/p", "InvalidAnnotation"), (problem.Kind, problem.Id, problem.Reason));
        Assert.Contains(item, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_good_items_apply_beside_a_bad_one() =>
        Assert.Equal([80, 90], Compile(Annotated("nodemesh.io/netns: p, nodemesh.io/exclude-outbound-ports: \"80,x,90\"")).LocalPods["default/p"].Options.ExcludedOutboundPorts);

    [Theory]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public void A_pod_that_has_ended_is_nothing_and_frees_its_address(string phase)
    {
        var compilation = Compile(Pod("a", "10.0.0.1", status: $"phase: {phase}") + Pod("b", "10.0.0.1"));

        Assert.Empty(compilation.Problems);
        Assert.Equal(["default/b"], compilation.Content.Workloads.Keys);
        Assert.Equal(["default/b"], compilation.LocalPods.Keys);
    }

    [Fact]
    public void A_terminating_pod_keeps_its_address() =>
        Assert.Equal(["10.0.0.1"], Compile(Pod("a", "10.0.0.1", "deletionTimestamp: 2024-01-01T00:00:00Z")).Content.Workloads["default/a"].Addresses);

    [Fact]
    public void Observed_addresses_stand_in_for_those_not_declared()
    {
        var compilation = Compile(Annotated("nodemesh.io/netns: p"), ("default/p", ["10.0.0.1", "fd00::1"]));

        Assert.Equal(["10.0.0.1", "fd00::1"], compilation.Content.Workloads["default/p"].Addresses);
        Assert.Empty(compilation.LocalPods["default/p"].DeclaredAddresses);
    }

    [Fact]
    public void Observed_addresses_add_the_family_that_is_not_declared() =>
        Assert.Equal(["10.0.0.1", "fd00::1"], Compile(Pod("p", "10.0.0.1"), ("default/p", ["172.17.0.1", "fd00::1"])).Content.Workloads["default/p"].Addresses);

    [Fact]
    public void A_pod_elsewhere_without_an_address_is_a_problem() => Assert.Equal(("default/p", "NoAddress"), Only(Compile("""
        {apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {nodemesh.io/netns: p}}, spec: {nodeName: n2}}
        """)));

    [Fact]
    public void An_address_held_twice_stays_with_the_older_pod_and_both_are_told()
    {
        var compilation = Compile(
            Pod("a", "10.0.0.1", "creationTimestamp: 2024-01-02T00:00:00Z") + Pod("b", "10.0.0.1", "creationTimestamp: 2024-01-01T00:00:00Z"));

        Assert.Empty(compilation.Content.Workloads["default/a"].Addresses);
        Assert.Equal(["10.0.0.1"], compilation.Content.Workloads["default/b"].Addresses);
        Assert.Empty(compilation.LocalPods["default/a"].DeclaredAddresses);
        Assert.Equal(["default/a", "default/b"], compilation.Problems.Select(problem => problem.Id));
        Assert.All(compilation.Problems, problem => Assert.Equal("AddressConflict", problem.Reason));
        Assert.Contains("held by default/b", compilation.Problems[0].Message, StringComparison.Ordinal);
        Assert.Contains("claimed by default/a", compilation.Problems[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pods_of_the_same_age_go_by_name() =>
        Assert.Equal(["10.0.0.1"], Compile(Pod("b", "10.0.0.1") + Pod("a", "10.0.0.1")).Content.Workloads["default/a"].Addresses);

    [Fact]
    public void A_network_namespace_belongs_to_one_pod()
    {
        var compilation = Compile("""
            {apiVersion: v1, kind: Pod, metadata: {name: b, annotations: {nodemesh.io/netns: x}}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {nodemesh.io/netns: /run/netns/x}}}
            """);

        Assert.Equal(["default/a"], compilation.LocalPods.Keys);
        Assert.All(compilation.Problems, problem => Assert.Equal("NetnsConflict", problem.Reason));
        Assert.Equal(2, compilation.Problems.Length);
    }

    private static string Annotated(string annotations) =>
        $"{{apiVersion: v1, kind: Pod, metadata: {{name: p, annotations: {{{annotations}}}}}, spec: {{nodeName: n1}}}}";

    private static (string Id, string Reason) Only(Compilation compilation)
    {
        var problem = Assert.Single(compilation.Problems);
        return (problem.Id, problem.Reason);
    }
}
