using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Routes;

/// <summary>Backends of a namespace that must let them be referred to.</summary>
[Collection("ebpf")]
public sealed class Grants(EbpfMesh mesh) : RoutedTraffic(mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task Traffic_goes_to_another_namespace_for_as_long_as_that_lets_it()
    {
        var example = DocExamples.Of("Backends of another namespace");
        var withoutGrant = string.Join("\n---\n", example.Split("\n---\n").Where(part => !part.Contains("kind: ReferenceGrant", StringComparison.Ordinal)));
        Mesh.Mesh.Resources.Write("lab", $$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: shop-v3, namespace: lab, labels: {kubernetes.io/service-name: shop-v3} }
            addressType: IPv4
            endpoints: [{addresses: [{{Mesh.Server(isNear: false).V4}}]}]
            ports: [{name: http, port: 8080}]
            """);
        try
        {
            await ApplyYamlAsync(withoutGrant);
            var refused = await CallAsync();
            Assert.Equal((500, "invalid_backend"), (refused.Status, refused.Headers!["nodemesh-error"]));
            Assert.Contains("RefNotPermitted", await Mesh.Near.Agent.GetAsync("/routes"), StringComparison.Ordinal);

            await ApplyYamlAsync(example);
            await Eventually.HoldsAsync("the grant counts", () => CallAsync(), result => result.Server?.Pod == V2);

            await ApplyYamlAsync(withoutGrant);
            await Eventually.HoldsAsync("the grant is gone", () => CallAsync(), result => result.Status == 500);
        }
        finally
        {
            Mesh.Mesh.Resources.Delete("lab");
        }
    }
}
