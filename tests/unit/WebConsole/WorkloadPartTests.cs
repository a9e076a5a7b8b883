using System.Collections.Immutable;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Serving;
using NodeMesh.Agent.Serving.Console;
using NodeMesh.Contract;
using Xunit;

namespace NodeMesh.UnitTests.WebConsole;

/// <summary>Five hundred workloads of two pods, each behind a Service of its own; some have routes and policies.</summary>
public sealed class WorkloadPartTests(ITestOutputHelper output)
{
    private const int Workloads = 500;

    private static readonly MeshSnapshotContent Mesh = new()
    {
        Workloads = Keyed(Numbers.SelectMany(number => Enumerable.Range(1, 2).Select(pod => new Workload { Id = $"{Id(number)}-{pod}", Namespace = Home(number), Name = $"{Name(number)}-{pod}", Owner = Name(number) })), pod => pod.Id),
        Services = Keyed(Numbers.Select(number => new Service
        {
            Id = Id(number), Namespace = Home(number), Name = Name(number),
            Ports = { new ServicePort { Port = 80, Endpoints = { Enumerable.Range(1, 2).Select(pod => new Endpoint { Address = $"10.0.{number % 250}.{pod}", Port = 8080, Workload = $"{Id(number)}-{pod}", Ready = true }) } } },
        }), service => service.Id),
        // Those of 1 lead to 2 and 3; that of 400 to 401.
        Routes = Keyed([Routed(1, "canary", 2, 3), Routed(400, "other", 401)], routes => routes.Service),
        Policies = Keyed(
            new[] { "", "team-2", "team-3", Id(2), $"{Id(2)}:80", Id(3), Id(7), $"HTTPRoute/{Home(1)}/canary", $"HTTPRoute/{Home(1)}/canary#all", $"HTTPRoute/{Home(400)}/other" }.Select(scope => new ScopedPolicies { Scope = scope }),
            policies => policies.Scope),
    };

    private static IEnumerable<int> Numbers => Enumerable.Range(0, Workloads);

    [Fact]
    public void It_has_what_leads_to_the_workload_and_what_else_that_leads_to()
    {
        var part = WorkloadPart.Of(Mesh, "team-2", Name(2));

        Assert.Equal([Id(2), Id(3)], part.Services.Keys);
        Assert.Equal([Id(1)], part.Routes.Keys);
        Assert.Equal([$"{Id(2)}-1", $"{Id(2)}-2", $"{Id(3)}-1", $"{Id(3)}-2"], part.Workloads.Keys);
        Assert.Equal(new[] { "", "team-2", Id(2), $"{Id(2)}:80", $"HTTPRoute/{Home(1)}/canary", $"HTTPRoute/{Home(1)}/canary#all" }.Order(StringComparer.Ordinal), part.Policies.Keys);
    }

    [Fact]
    public void Whom_nobody_knows_has_nothing_but_what_counts_for_all()
    {
        var part = WorkloadPart.Of(Mesh, "team-2", "nobody");

        Assert.Equal((0, 0, 0), (part.Services.Count, part.Routes.Count, part.Workloads.Count));
        Assert.Equal(["", "team-2"], part.Policies.Keys);
    }

    [Fact]
    public void It_is_a_small_part_of_the_whole()
    {
        var (whole, part) = (ConfigJson.Write(1, 1, Mesh).Length, ConfigJson.Write(1, 1, WorkloadPart.Of(Mesh, "team-2", Name(2))).Length);
        output.WriteLine($"all {whole:n0} characters, one workload's {part:n0}");
        Assert.True(part < whole / 50);
    }

    private static string Home(int number) => $"team-{number % 20}";

    private static string Name(int number) => $"service-{number:000}";

    private static string Id(int number) => $"{Home(number)}/{Name(number)}";

    private static ServiceRoutes Routed(int number, string route, params int[] backends) => new()
    {
        Service = Id(number),
        Tables =
        {
            new RouteTable
            {
                Port = 80, Kind = RouteKind.HttpRoute,
                Rules = { new RouteRule { Route = $"{Home(number)}/{route}", Name = "all", Backends = { backends.Select(backend => new RouteBackend { Port = new BackendPort { Service = Id(backend), Port = 80 }, Weight = 1 }) } } },
            },
        },
    };

    private static ImmutableSortedDictionary<string, T> Keyed<T>(IEnumerable<T> values, Func<T, string> key) => values.ToImmutableSortedDictionary(key, value => value, StringComparer.Ordinal);
}
