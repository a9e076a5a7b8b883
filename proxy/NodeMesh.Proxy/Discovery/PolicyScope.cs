using System.Diagnostics;
using NodeMesh.Contract;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry.AccessLogs;
using RetryBudget = NodeMesh.Proxy.Resilience.RetryBudget;

namespace NodeMesh.Proxy.Discovery;

/// <summary>The policies attached to one scope, ready to be asked. What has a memory of its own keeps it as long as its policy says the same.</summary>
internal sealed class PolicyScope
{
    private readonly ScopedPolicies _message;

    private PolicyScope(ScopedPolicies message, PolicyScope? before)
    {
        _message = message;
        Authorizations = [.. message.Authorizations.Select(authorization => new AuthorizationEntry(authorization))];
        if (message.RateLimit is not null)
        {
            RateLimit = message.RateLimit.Equals(before?._message.RateLimit) ? before.RateLimit : new RateLimiter(message.RateLimit, Stopwatch.Frequency);
        }
        if (message.Backend?.RetryBudget is { } budget)
        {
            Budget = budget.Equals(before?._message.Backend?.RetryBudget) ? before.Budget : new RetryBudget(budget, Stopwatch.Frequency);
        }
        if (message.BackendTls is not null)
        {
            BackendTls = message.BackendTls.Equals(before?._message.BackendTls) ? before.BackendTls : new BackendTlsEntry(message.BackendTls);
        }
        if (message.Egress is not null)
        {
            Egress = new EgressEntry(message.Egress);
        }
        if (message.AccessLog is not null)
        {
            Log = message.AccessLog.Equals(before?._message.AccessLog) ? before.Log : new AccessLogEntry(message.AccessLog);
        }
        if (message.Fault is not null)
        {
            Fault = new FaultInjector(message.Fault);
        }
    }

    /// <summary>Of a route, both as nodemesh.proto names them.</summary>
    public static string OfRoute(RouteKind kind, string route) => $"{(kind == RouteKind.GrpcRoute ? "GRPCRoute" : "HTTPRoute")}/{route}";

    /// <summary>A route or a rule of one: names of Services and namespaces are lower-case.</summary>
    public bool IsOfRoute => _message.Scope.Length > 0 && char.IsAsciiLetterUpper(_message.Scope[0]);

    public AuthorizationEntry[] Authorizations { get; }

    public RateLimiter? RateLimit { get; }

    public RetryBudget? Budget { get; }

    public SessionPersistence? Session => _message.Backend?.SessionPersistence;

    /// <summary>Of what the scope's retry budget and sessions are, as namespace/name; null: of nothing.</summary>
    public string? BackendPolicy => _message.Backend?.Policy;

    public FaultInjector? Fault { get; }

    public TrafficRules? Traffic => _message.Traffic;

    public EgressEntry? Egress { get; }

    public AccessLogEntry? Log { get; }

    public TracingRules? Tracing => _message.Tracing;

    public BackendTlsEntry? BackendTls { get; }

    /// <param name="before">What was attached before; null: nothing.</param>
    public static PolicyScope From(ScopedPolicies message, PolicyScope? before) => before is not null && before._message.Equals(message) ? before : new PolicyScope(message, before);
}
