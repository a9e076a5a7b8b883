using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using Xunit;

namespace NodeMesh.UnitTests.Resources;

public class ResourceFileTests
{
    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: a}
        """;

    [Fact]
    public void All_fields_in_use_are_read()
    {
        var set = TestResources.Parse("""
            apiVersion: v1
            kind: Pod
            metadata:
              name: cart-1
              namespace: shop
              uid: 1-2-3
              generation: 7
              creationTimestamp: 2024-01-02T03:04:05Z
              labels: {app: cart, "tier": "1"}
              annotations: {nodemesh.io/netns: cart-1}
              ownerReferences: [{kind: ReplicaSet, name: cart-5d, controller: true}]
            spec:
              nodeName: n1
              serviceAccountName: cart
              hostNetwork: true
              containers: [{name: c, image: ignored, ports: [{name: web, containerPort: 8080}]}]
            status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}], conditions: [{type: Ready, status: "True"}]}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: s-1, namespace: shop, labels: {kubernetes.io/service-name: s}}
            addressType: IPv4
            endpoints: [{addresses: [10.0.0.9], conditions: {ready: false}, targetRef: {kind: Pod, name: p}, nodeName: n1, zone: z1}]
            ports: [{name: http, port: 80}]
            """);

        Assert.Empty(set.Problems);
        var pod = set.Pods["shop/cart-1"];
        Assert.Equal(("1-2-3", 7), (pod.Metadata.Uid, pod.Metadata.Generation));
        Assert.Equal(new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.Zero), pod.Metadata.CreationTimestamp);
        Assert.Equal("1", pod.Metadata.Labels["tier"]);
        Assert.True(pod.Metadata.OwnerReferences[0].Controller);
        Assert.True(pod.Spec.HostNetwork);
        Assert.Equal(8080, pod.Spec.Containers[0].Ports[0].Port);
        Assert.Equal(["10.0.0.1", "fd00::1"], pod.Status.PodIPs.Select(entry => entry.Ip));
        var endpoint = set.EndpointSlices["shop/s-1"].Endpoints[0];
        Assert.Equal((false, "p", "n1", "z1"), (endpoint.Conditions.Ready, endpoint.TargetRef!.Name, endpoint.NodeName, endpoint.Zone));
        Assert.Equal("TCP", set.EndpointSlices["shop/s-1"].Ports[0].Protocol);
    }

    [Fact]
    public void An_object_without_namespace_is_in_default() => Assert.Equal("default/a", Assert.Single(TestResources.Parse(Pod).Pods).Key);

    [Fact]
    public void A_Namespace_is_in_no_namespace() =>
        Assert.Equal("a", Assert.Single(TestResources.Parse("{apiVersion: v1, kind: Namespace, metadata: {name: a, namespace: b}}").Namespaces).Key);

    [Theory]
    [InlineData("apps/v1", "Deployment")]
    [InlineData("gateway.networking.k8s.io/v1", "Gateway")]
    [InlineData("v1", "LimitRange")]
    [InlineData("v1", "Secret")]
    [InlineData("serving.knative.dev/v1", "Service")]
    public void Kinds_of_no_use_are_counted_and_passed_over(string apiVersion, string kind)
    {
        var set = TestResources.Parse($"{{apiVersion: {apiVersion}, kind: {kind}, metadata: {{name: a}}}}");

        Assert.Equal(1, set.Skipped);
        Assert.Empty(set.Problems);
    }

    [Theory]
    [InlineData("v2", "Pod", "read as v1")]
    [InlineData("v1", "pod", "Pod is meant")]
    [InlineData("v1", "Srevice", "no kind Srevice")]
    [InlineData("v1", "EndpointSlice", "read as discovery.k8s.io/v1")]
    [InlineData("discovery.k8s.io/v1beta1", "EndpointSlice", "read as discovery.k8s.io/v1")]
    [InlineData("nodemesh.io/v1", "Retry", "no kind Retry")]
    public void Mistaken_kinds_are_problems(string apiVersion, string kind, string message)
    {
        var problem = Assert.Single(TestResources.Parse($"{{apiVersion: {apiVersion}, kind: {kind}, metadata: {{name: a}}}}").Problems);

        Assert.Equal("UnknownKind", problem.Reason);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_are_unpacked()
    {
        var set = TestResources.Parse("""
            apiVersion: v1
            kind: List
            items:
            - {apiVersion: v1, kind: Pod, metadata: {name: a}}
            - {apiVersion: v1, kind: Service, metadata: {name: b}}
            - {apiVersion: v1, kind: LimitRange, metadata: {name: c}}
            """);

        Assert.Equal((1, 1, 1), (set.Pods.Count, set.Services.Count, set.Skipped));
    }

    [Theory]
    [InlineData("{kind: Pod, metadata: {name: a}}", "no apiVersion")]
    [InlineData("{apiVersion: v1, metadata: {name: a}}", "no kind")]
    [InlineData("just words", "no object")]
    [InlineData("[1, 2]", "no object")]
    public void What_is_no_object_is_a_problem(string yaml, string message) =>
        Assert.Contains(message, Assert.Single(TestResources.Parse(yaml).Problems).Message, StringComparison.Ordinal);

    [Fact]
    public void A_bad_document_is_named_with_file_document_line_and_field_and_the_others_apply()
    {
        var set = TestResources.Parse($$"""
            {{Pod}}
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: web
              namespace: shop
            spec:
              ports:
              - port: 80
                targetPort: 8080
              - name: b
                port: eighty
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: other}
            """, "dir/shop.yaml");

        var problem = Assert.Single(set.Problems);
        Assert.Equal(("Service", "shop/web", "Invalid"), (problem.Kind, problem.Id, problem.Reason));
        Assert.Equal(new SourceLocation("dir/shop.yaml", 2, 15, "spec.ports[1].port"), problem.At);
        Assert.Contains("spec.ports[1].port can not be the text \"eighty\"", problem.Message, StringComparison.Ordinal);
        Assert.Equal((1, 1), (set.Pods.Count, set.Services.Count));
    }

    [Fact]
    public void The_last_good_objects_stay_when_the_file_does_not_parse()
    {
        var good = TestResources.Read("a.yaml", Pod);

        var broken = TestResources.Read("a.yaml", $"{Pod}\n  x: [", good);

        Assert.Equal(good.Objects, broken.Objects);
        var problem = Assert.Single(broken.Problems);
        Assert.Equal(("File", "a.yaml", "SyntaxError"), (problem.Kind, problem.Id, problem.Reason));
        Assert.Contains("stays in force", problem.Message, StringComparison.Ordinal);
        Assert.True(problem.At!.Line > 0);
        Assert.Empty(TestResources.Read("a.yaml", Pod, broken).Problems);
    }

    [Fact]
    public void An_object_that_did_not_change_stays_the_same_instance()
    {
        var before = TestResources.Read("a.yaml", $"{Pod}\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: b}}}}");

        var after = TestResources.Read("a.yaml", $"# moved\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: b, labels: {{x: y}}}}}}\n---\n{Pod}", before);

        Assert.Same(before.Objects[0].Resource, after.Objects.Single(o => o.Resource.Metadata.Name == "a").Resource);
        Assert.NotSame(before.Objects[1].Resource, after.Objects.Single(o => o.Resource.Metadata.Name == "b").Resource);
    }

    [Fact]
    public void The_first_file_by_path_has_an_object_that_stands_in_two()
    {
        const string other = "{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {from: b}}}";

        var set = TestResources.Parse(("b.yaml", other), ("a.yaml", Pod));

        Assert.Empty(set.Pods["default/a"].Metadata.Labels);
        var problem = Assert.Single(set.Problems);
        Assert.Equal(("Duplicate", "b.yaml"), (problem.Reason, problem.At!.File));
        Assert.Contains("a.yaml:1", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_second_file_has_it_once_the_first_gives_it_up()
    {
        var files = new ResourceFiles();
        files.Update([TestResources.Read("a.yaml", Pod), TestResources.Read("b.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {from: b}}}")], [], []);

        var set = files.Update([], ["a.yaml"], []);

        Assert.Equal("b", set.Pods["default/a"].Metadata.Labels["from"]);
        Assert.Empty(set.Problems);
        Assert.Empty(files.Update([], ["b.yaml"], []).Pods);
    }

    [Fact]
    public void A_file_that_is_no_text_is_a_problem()
    {
        var file = Agent.Resources.Documents.ResourceFileReader.Read(new ResourceFile("a.yaml"), [0xff, 0xfe, 0x00, 0x01]);

        Assert.Equal("SyntaxError", Assert.Single(file.Problems).Reason);
    }

    [Fact]
    public void The_API_sends_null_for_empty_lists()
    {
        var slice = (EndpointSlice)Agent.Resources.Documents.Kinds.EndpointSlice.Read(
            """{"metadata":{"name":"a","labels":null},"addressType":"IPv4","endpoints":null,"ports":null}"""u8);

        Assert.Empty(slice.Endpoints);
        Assert.Empty(slice.Ports);
        Assert.Empty(slice.Metadata.Labels);
    }
}
