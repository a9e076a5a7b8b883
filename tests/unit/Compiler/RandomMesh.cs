using System.Collections.Immutable;
using System.Net;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.UnitTests.Compiler.Policies;

namespace NodeMesh.UnitTests.Compiler;

/// <summary>
/// A small world in which everything gets in the way of everything else: few names, few addresses, few labels.
/// Each step, made from a number, puts or takes away one object.
/// </summary>
internal sealed class RandomMesh
{
    private int _steps;

    public ResourceSet Resources { get; private set; } = ResourceSet.Empty;

    public ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> Observed { get; private set; } = TestMesh.Observed();

    // Of the choice and its place: the choices alone are small numbers, too few for all that can happen.
    public void Step(int choice)
    {
        var random = new Random(unchecked((choice * 1_000_003) + _steps++));
        switch (random.Next(25))
        {
            case < 4:
                Resources = Resources with { Pods = Change(Resources.Pods, random, "p", 6, RandomPod) };
                break;
            case < 6:
                Resources = Resources with { Services = Change(Resources.Services, random, "s", 3, RandomService) };
                break;
            case < 8:
                Resources = Resources with { EndpointSlices = Change(Resources.EndpointSlices, random, "e", 3, RandomSlice) };
                break;
            case 8:
                Resources = Resources with { Namespaces = Change(Resources.Namespaces, random, null, 0, (_, metadata) => new Namespace { Metadata = metadata }) };
                break;
            case 9:
                Resources = Resources with { HttpRoutes = Change(Resources.HttpRoutes, random, "r", 4, RandomHttpRoute) };
                break;
            case 10:
                Resources = Resources with { GrpcRoutes = Change(Resources.GrpcRoutes, random, "r", 2, RandomGrpcRoute) };
                break;
            case 11:
                Resources = Resources with { TcpRoutes = Change(Resources.TcpRoutes, random, "r", 2, RandomTcpRoute) };
                break;
            case 12:
                Resources = Resources with { FaultPolicies = Change(Resources.FaultPolicies, random, "f", 3, RandomPolicies.FaultPolicy) };
                break;
            case 13:
                Resources = Resources with { AuthorizationPolicies = Change(Resources.AuthorizationPolicies, random, "t", 3, RandomPolicies.AuthorizationPolicy) };
                break;
            case 15:
                Resources = Resources with { Nodes = Change(Resources.Nodes, random, "n", 3, RandomNode) };
                break;
            case 14:
                Resources = Resources with { ReferenceGrants = Change(Resources.ReferenceGrants, random, "g", 2, RandomGrant) };
                break;
            case 16:
                Resources = Resources with { BackendTlsPolicies = Change(Resources.BackendTlsPolicies, random, "b", 3, RandomPolicies.BackendTlsPolicy) };
                break;
            case 17:
                Resources = Resources with { ConfigMaps = Change(Resources.ConfigMaps, random, "c", 2, RandomPolicies.ConfigMap) };
                break;
            case 18:
                Resources = Resources with { RateLimitPolicies = Change(Resources.RateLimitPolicies, random, "l", 3, RandomPolicies.RateLimitPolicy) };
                break;
            case 19:
                Resources = Resources with { BackendTrafficPolicies = Change(Resources.BackendTrafficPolicies, random, "x", 3, RandomPolicies.BackendTrafficPolicy) };
                break;
            case 20:
                Resources = Resources with { Rollouts = Change(Resources.Rollouts, random, "o", 2, RandomPolicies.Rollout) };
                break;
            case 21:
                Resources = Resources with { TrafficPolicies = Change(Resources.TrafficPolicies, random, "w", 3, RandomPolicies.TrafficPolicy) };
                break;
            case 22:
                Resources = Resources with { TelemetryPolicies = Change(Resources.TelemetryPolicies, random, "m", 3, RandomPolicies.TelemetryPolicy) };
                break;
            case 23:
                Resources = Resources with { EgressPolicies = Change(Resources.EgressPolicies, random, "q", 3, RandomPolicies.EgressPolicy) };
                break;
            default:
                Observed = Observed.SetItem($"{Home(random)}/p{random.Next(6)}", [.. Enumerable.Range(0, random.Next(3)).Select(_ => IPAddress.Parse(Address(random)))]);
                break;
        }
    }

    public Compilation Compile() => MeshCompiler.Compile(Resources, new NodeContext("n1") { ObservedAddresses = Observed });

    private static ImmutableSortedDictionary<string, T> Change<T>(
        ImmutableSortedDictionary<string, T> objects, Random random, string? prefix, int count, Func<Random, ObjectMeta, T> create)
        where T : IResource
    {
        var metadata = new ObjectMeta
        {
            Namespace = prefix is null ? "" : Home(random),
            Name = prefix is null ? Home(random) : $"{prefix}{random.Next(count)}",
            CreationTimestamp = Sometimes(random, DateTimeOffset.UnixEpoch.AddSeconds(random.Next(2)) as DateTimeOffset?),
            DeletionTimestamp = random.Next(6) == 0 ? DateTimeOffset.UnixEpoch : null,
            Labels = Map(random, ("app", "x", "y"), ("tier", "1", "2"), ("nodemesh.io/mesh", "enabled", "nonsense"), ("kubernetes.io/service-name", "s0", "s1")),
            Annotations = Map(random, ("nodemesh.io/netns", "one", "two"), ("nodemesh.io/opaque-ports", "80", "8080,x")),
        };
        return random.Next(4) == 0 ? objects.Remove(metadata.Id) : objects.SetItem(metadata.Id, create(random, metadata));
    }

    private static Node RandomNode(Random random, ObjectMeta metadata) => new()
    {
        Metadata = new ObjectMeta { Name = metadata.Name, Labels = Map(random, (Node.ZoneLabel, "z1", "z2")) },
    };

    private static Pod RandomPod(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new PodSpec
        {
            NodeName = Pick(random, "", "n1", "n2"),
            HostNetwork = random.Next(8) == 0,
            Containers = [new Container { Ports = [new ContainerPort { Name = Pick(random, "web", "other"), Port = 8080 + random.Next(2) }] }],
        },
        Status = new PodStatus
        {
            Phase = Pick<string?>(random, null, "Running", "Pending", "Succeeded"),
            PodIPs = [.. Enumerable.Range(0, random.Next(3)).Select(_ => new PodIP { Ip = Address(random) })],
        },
    };

    private static Service RandomService(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new ServiceSpec
        {
            Type = Pick(random, "ClusterIP", "ClusterIP", "ExternalName"),
            ClusterIP = Pick(random, "None", "10.96.0.1", "10.96.0.2"),
            Selector = Map(random, ("app", "x", "y"), ("tier", "1", "2")),
            Ports = [new ServicePort { Name = Pick(random, "http", ""), AppProtocol = Pick<string?>(random, null, null, "https"), Port = 80, TargetPort = Sometimes(random, new IntOrString(0, "web") as IntOrString?) }],
        },
    };

    private static EndpointSlice RandomSlice(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        AddressType = "IPv4",
        Endpoints =
        [
            .. Enumerable.Range(0, random.Next(3)).Select(_ => new Endpoint
            {
                Addresses = [Address(random)],
                Conditions = new EndpointConditions { Ready = Pick<bool?>(random, null, false, true), Serving = true, Terminating = random.Next(2) == 0 },
                TargetRef = Sometimes(random, new ObjectReference { Kind = "Pod", Name = $"p{random.Next(6)}" }),
            }),
        ],
        Ports = [new EndpointPort { Name = Pick(random, "http", ""), Port = 8080 + random.Next(2) }],
    };

    private static HttpRoute RandomHttpRoute(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new HttpRouteSpec
        {
            ParentRefs = Parents(random),
            Rules =
            [
                .. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => new HttpRouteRule
                {
                    Matches = [.. Enumerable.Range(0, random.Next(3)).Select(_ => new HttpRouteMatch
                    {
                        Path = new HttpPathMatch { Type = Pick(random, "Exact", "PathPrefix", "RegularExpression", "Nonsense"), Value = Pick(random, "/", "/a", "/a/b", "/(") },
                        Method = Pick<string?>(random, null, "GET"),
                    })],
                    Filters = [.. Enumerable.Range(0, random.Next(2)).Select(_ => new RouteFilter { Type = Pick(random, "Nonsense", "ExtensionRef"), ExtensionRef = new LocalReference() })],
                    BackendRefs = Backends(random),
                }),
            ],
        },
    };

    private static GrpcRoute RandomGrpcRoute(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new GrpcRouteSpec { ParentRefs = Parents(random), Rules = [new GrpcRouteRule { BackendRefs = Backends(random) }] },
    };

    private static TcpRoute RandomTcpRoute(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new TcpRouteSpec { ParentRefs = Parents(random), Rules = [new ConnectionRouteRule { BackendRefs = Backends(random) }] },
    };

    private static ReferenceGrant RandomGrant(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new ReferenceGrantSpec
        {
            From = [new ReferenceGrantFrom { Group = GatewayApi.Group, Kind = Pick(random, GatewayApi.HttpRoute, GatewayApi.GrpcRoute), Namespace = Home(random) }],
            To = [new ReferenceGrantTo { Kind = "Service", Name = Pick<string?>(random, null, "s0", "s1") }],
        },
    };

    private static IReadOnlyList<ParentReference> Parents(Random random) => [.. Enumerable.Range(0, 1 + random.Next(2)).Select(at => new ParentReference
    {
        Group = Pick(random, "", "", "", "other"),
        Kind = "Service",
        Namespace = Pick<string?>(random, null, "a", "b"),
        Name = $"s{random.Next(3)}",
        Port = Pick<int?>(random, null, 80, 81),
        SectionName = at == 0 ? null : "http",
    })];

    private static IReadOnlyList<BackendReference> Backends(Random random) => [.. Enumerable.Range(0, random.Next(3)).Select(_ => new BackendReference
    {
        Kind = Pick(random, "Service", "Service", "Other"),
        Namespace = Pick<string?>(random, null, "a", "b"),
        Name = $"s{random.Next(3)}",
        Port = 80 + random.Next(2),
        Weight = Pick<int?>(random, null, 0, 3),
    })];

    private static string Home(Random random) => Pick(random, "a", "b");

    private static string Address(Random random) => $"10.0.0.{1 + random.Next(4)}";

    internal static T Pick<T>(Random random, params T[] values) => values[random.Next(values.Length)];

    internal static T? Sometimes<T>(Random random, T? value) => random.Next(2) == 0 ? default : value;

    private static Dictionary<string, string> Map(Random random, params (string Key, string One, string Other)[] entries) => entries
        .Where(_ => random.Next(2) == 0).ToDictionary(entry => entry.Key, entry => random.Next(2) == 0 ? entry.One : entry.Other);
}
