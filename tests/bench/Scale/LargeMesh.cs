using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Bench.Scale;

/// <summary>A cluster of the size that the compiler is made for: 10,000 Services of ten endpoints each, in 100 namespaces on 100 nodes, and 5,000 routes.</summary>
internal static class LargeMesh
{
    public const int Services = 10_000;
    public const int EndpointsEach = 10;
    public const int Routes = 5_000;

    public static ResourceSet WithRoutes(ResourceSet mesh) =>
        mesh with { HttpRoutes = mesh.HttpRoutes.AddRange(Enumerable.Range(0, Routes).Select(Route).Select(route => KeyValuePair.Create(route.Metadata.Id, route))) };

    /// <summary>By its number: two rules, the first of which shares out between two other Services.</summary>
    public static HttpRoute Route(int number) => new()
    {
        Metadata = new ObjectMeta { Namespace = $"ns-{number % 100}", Name = $"r-{number}" },
        Spec = new HttpRouteSpec
        {
            ParentRefs = [new ParentReference { Group = "", Kind = "Service", Name = $"s-{number}", Port = 80 }],
            Rules =
            [
                new HttpRouteRule
                {
                    Matches = [new HttpRouteMatch { Path = new HttpPathMatch { Value = $"/api/{number}" }, Headers = [new HttpValueMatch { Name = "version", Value = "2" }] }],
                    BackendRefs = [new BackendReference { Name = $"s-{(number + 100) % Services}", Port = 80, Weight = 90 }, new BackendReference { Name = $"s-{(number + 200) % Services}", Port = 80, Weight = 10 }],
                },
                new HttpRouteRule { BackendRefs = [new BackendReference { Name = $"s-{number}", Port = 80 }] },
            ],
        },
    };

    /// <param name="slices">With EndpointSlices; else the endpoints come from the pods.</param>
    public static ResourceSet Create(bool slices = true)
    {
        var pods = new Dictionary<string, Pod>();
        var services = new Dictionary<string, Service>();
        var endpointSlices = new Dictionary<string, EndpointSlice>();
        for (var s = 0; s < Services; s++)
        {
            var ns = $"ns-{s % 100}";
            var labels = new Dictionary<string, string> { ["app"] = $"app-{s}", ["tier"] = "web", ["pod-template-hash"] = "5d9c7b8f6" };
            var endpoints = new List<Endpoint>();
            for (var p = 0; p < EndpointsEach; p++)
            {
                var n = (s * EndpointsEach) + p;
                var address = $"10.{n / 65536}.{n / 256 % 256}.{n % 256}";
                var metadata = new ObjectMeta { Namespace = ns, Name = $"p-{s}-{p}", Labels = labels, OwnerReferences = [new OwnerReference { Kind = "ReplicaSet", Name = $"app-{s}-5d9c7b8f6", Controller = true }] };
                pods.Add(metadata.Id, new Pod
                {
                    Metadata = metadata,
                    Spec = new PodSpec { NodeName = $"n{n % 100}" },
                    Status = new PodStatus { Phase = "Running", PodIP = address == "10.0.0.0" ? "10.255.0.1" : address },
                });
                endpoints.Add(new Endpoint { Addresses = [address], TargetRef = new ObjectReference { Kind = "Pod", Name = metadata.Name } });
            }
            var home = new ObjectMeta { Namespace = ns, Name = $"s-{s}", Labels = new Dictionary<string, string> { [EndpointSlice.ServiceNameLabel] = $"s-{s}" } };
            services.Add(home.Id, new Service
            {
                Metadata = home,
                Spec = new ServiceSpec
                {
                    ClusterIP = $"172.{16 + (s / 65536)}.{s / 256 % 256}.{s % 256}",
                    Selector = new Dictionary<string, string> { ["app"] = $"app-{s}", ["tier"] = "web" },
                    Ports = [new ServicePort { Name = "http", Port = 80, TargetPort = new IntOrString(8080, null) }],
                },
            });
            endpointSlices.Add(home.Id, new EndpointSlice { Metadata = home, AddressType = "IPv4", Endpoints = endpoints, Ports = [new EndpointPort { Name = "http", Port = 8080 }] });
        }
        return ResourceSet.Empty with
        {
            Pods = ResourceSet.Empty.Pods.AddRange(pods),
            Services = ResourceSet.Empty.Services.AddRange(services),
            EndpointSlices = slices ? ResourceSet.Empty.EndpointSlices.AddRange(endpointSlices) : ResourceSet.Empty.EndpointSlices,
        };
    }
}
