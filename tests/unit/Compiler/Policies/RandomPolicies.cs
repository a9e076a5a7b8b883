using System.Text;
using System.Text.Json;
using NodeMesh.Agent.Resources.Documents;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;
using static NodeMesh.UnitTests.Compiler.RandomMesh;

namespace NodeMesh.UnitTests.Compiler.Policies;

/// <summary>Policies and Rollouts of a <see cref="RandomMesh"/>, and the ConfigMaps that some refer to.</summary>
internal static class RandomPolicies
{
    public static FaultPolicy FaultPolicy(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new FaultPolicySpec { TargetRefs = Targets(random, metadata), Faults = [new Fault { Abort = new FaultAbort { HttpStatus = 500 + random.Next(3) } }] },
    };

    public static AuthorizationPolicy AuthorizationPolicy(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new AuthorizationPolicySpec { TargetRefs = Targets(random, metadata), Action = Pick(random, "Allow", "Deny") },
    };

    public static TrafficPolicy TrafficPolicy(Random random, ObjectMeta metadata) => Written<TrafficPolicy>(Kinds.TrafficPolicy, random, metadata) with { Metadata = metadata };

    public static TelemetryPolicy TelemetryPolicy(Random random, ObjectMeta metadata) => Written<TelemetryPolicy>(Kinds.TelemetryPolicy, random, metadata) with { Metadata = metadata };

    public static EgressPolicy EgressPolicy(Random random, ObjectMeta metadata) => Written<EgressPolicy>(Kinds.EgressPolicy, random, metadata) with { Metadata = metadata };

    public static BackendTlsPolicy BackendTlsPolicy(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new BackendTlsPolicySpec
        {
            TargetRefs = Targets(random, metadata),
            Validation = JsonDocument.Parse($$"""{"hostname":"{{Pick(random, "a.example", "_")}}","caCertificateRefs":[{"group":"","kind":"{{Pick(random, "ConfigMap", "Secret")}}","name":"c{{random.Next(2)}}"}]}""").RootElement,
        },
    };

    public static RateLimitPolicy RateLimitPolicy(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new RateLimitPolicySpec
        {
            TargetRefs = Targets(random, metadata),
            Limits = [new RateLimit { Name = "one", Requests = 1 + random.Next(3), Per = "1s" }],
            Global = Sometimes(random, new GlobalLimits { Service = new GlobalLimitService { Name = $"s{random.Next(3)}", Port = 80 + random.Next(2) }, Domain = "d" }),
        },
    };

    public static BackendTrafficPolicy BackendTrafficPolicy(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new BackendTrafficPolicySpec
        {
            TargetRefs = Targets(random, metadata),
            RetryConstraint = Sometimes(random, new RetryConstraint()),
            SessionPersistence = Sometimes(random, new RouteSessionPersistence { Type = Pick(random, "Cookie", "Header", "Nonsense") }),
        },
    };

    public static Rollout Rollout(Random random, ObjectMeta metadata) => new()
    {
        Metadata = metadata,
        Spec = new RolloutSpec
        {
            TargetRef = new TargetReference { Group = GatewayApi.Group, Kind = GatewayApi.HttpRoute, Name = $"r{random.Next(4)}" },
            Stable = new RolloutBackend { Name = "s0", Port = 80 },
            Canary = new RolloutBackend { Name = "s1", Port = 80 },
            Steps = [new RolloutStep { Weight = 10 }],
        },
    };

    public static ConfigMap ConfigMap(Random random, ObjectMeta metadata) =>
        new() { Metadata = metadata, Data = new ConfigMapData { CaCertificates = Pick(random, TestCertificates.AuthorityPem, "nonsense", null) } };

    private static T Written<T>(ResourceKind kind, Random random, ObjectMeta metadata)
        where T : IPolicy =>
        (T)kind.Read(Encoding.UTF8.GetBytes(new RandomPolicyText(random, hasMistakes: false).Of(kind.Name, metadata.Namespace, metadata.Name)));

    private static IReadOnlyList<TargetReference> Targets(Random random, ObjectMeta metadata) => [.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => Pick(random,
        new TargetReference { Kind = "Service", Name = $"s{random.Next(3)}", SectionName = Pick<string?>(random, null, "http") },
        new TargetReference { Kind = "Namespace", Name = metadata.Namespace },
        new TargetReference { Group = "nodemesh.io", Kind = "Mesh", Name = "mesh" },
        new TargetReference { Group = "gateway.networking.k8s.io", Kind = "HTTPRoute", Name = $"r{random.Next(4)}" }))];
}
