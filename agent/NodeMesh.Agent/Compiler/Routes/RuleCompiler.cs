using System.Globalization;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>Rules as the proxy has them.</summary>
internal sealed class RuleCompiler(IRoute route, ServiceLookup services)
{
    private const uint DefaultBackoffMilliseconds = 25;

    private readonly FilterCompiler _filters = new(route, services);

    public Contract.RouteRule Http(HttpRouteRule rule, int index)
    {
        var message = Rule(rule.Name, index, rule.BackendRefs, rule.Filters);
        message.Measured = rule.IsMeasured;
        if (rule.Timeouts is { } timeouts)
        {
            message.Timeouts = new Contract.RouteTimeouts
            {
                RequestMilliseconds = Milliseconds(timeouts.Request), BackendRequestMilliseconds = Milliseconds(timeouts.BackendRequest),
            };
        }
        if (rule.Retry is { } retry)
        {
            message.Retry = new Contract.RouteRetry
            {
                Attempts = (uint)(retry.Attempts ?? 1),
                BackoffMilliseconds = retry.Backoff is null ? DefaultBackoffMilliseconds : Milliseconds(retry.Backoff),
            };
            message.Retry.Codes.AddRange(retry.Codes.Select(code => (uint)code));
        }
        var path = rule.Matches is [{ Path: { Type: "PathPrefix", Value: var prefix } }] ? prefix : "/";
        message.SessionPersistence = Session(rule.SessionPersistence, index, path);
        return message;
    }

    public Contract.RouteRule Grpc(GrpcRouteRule rule, int index)
    {
        var message = Rule(rule.Name, index, rule.BackendRefs, rule.Filters);
        message.SessionPersistence = Session(rule.SessionPersistence, index, "/");
        return message;
    }

    public Contract.RouteRule Connection(ConnectionRouteRule rule, int index) => Rule(rule.Name, index, rule.BackendRefs, []);

    private Contract.RouteRule Rule(string? name, int index, IReadOnlyList<BackendReference> backends, IReadOnlyList<RouteFilter> filters)
    {
        var field = $"spec.rules[{index}]";
        var message = new Contract.RouteRule { Route = route.Metadata.Id, Name = name ?? index.ToString(CultureInfo.InvariantCulture) };
        message.Filters.AddRange(_filters.Compile(filters, index, $"{field}.filters", isOfRule: true));
        for (var i = 0; i < backends.Count; i++)
        {
            var backend = new Contract.RouteBackend
            {
                Port = services.Backend(route, backends[i], $"{field}.backendRefs[{i}]"), Weight = (uint)(backends[i].Weight ?? 1),
            };
            backend.Filters.AddRange(_filters.Compile(backends[i].Filters, index, $"{field}.backendRefs[{i}].filters", isOfRule: false));
            message.Backends.Add(backend);
        }
        return message;
    }

    private Contract.SessionPersistence? Session(RouteSessionPersistence? session, int index, string path) =>
        session is null ? null : SessionCompiler.Compile(session, $"{route.Metadata.Id}/{index}", path);

    private static uint Milliseconds(string? duration) =>
        duration is not null && GatewayDuration.TryParse(duration, out var time) ? (uint)Math.Min(time.TotalMilliseconds, uint.MaxValue) : 0;
}
