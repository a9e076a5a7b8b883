using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>An XBackendTrafficPolicy as the proxy has it. What it leaves out has the Gateway API's defaults.</summary>
internal static class BackendTrafficCompiler
{
    private const uint Percent = 20;
    private const uint IntervalMilliseconds = 10_000;
    private const uint MinRetries = 10;
    private const uint MinIntervalMilliseconds = 1_000;

    /// <param name="invalid">Is told what is left out.</param>
    public static Contract.BackendRules Compile(BackendTrafficPolicy policy, Action<string> invalid)
    {
        return new Contract.BackendRules
        {
            Policy = policy.Metadata.Id,
            RetryBudget = policy.Spec.RetryConstraint is not { } constraint ? null : new Contract.RetryBudget
            {
                Percent = (uint?)constraint.Budget?.Percent ?? Percent,
                IntervalMilliseconds = constraint.Budget?.Interval is { } interval ? RequestMatchCompiler.Milliseconds(interval) : IntervalMilliseconds,
                MinRetries = (uint?)constraint.MinRetryRate?.Count ?? MinRetries,
                MinIntervalMilliseconds = constraint.MinRetryRate?.Interval is { } least ? RequestMatchCompiler.Milliseconds(least) : MinIntervalMilliseconds,
            },
            SessionPersistence = policy.Spec.SessionPersistence is { } session ? Session(policy, session, invalid) : null,
        };
    }

    private static Contract.SessionPersistence? Session(BackendTrafficPolicy policy, RouteSessionPersistence session, Action<string> invalid)
    {
        try
        {
            return SessionCompiler.Compile(session, $"{GatewayApi.BackendTrafficPolicy}/{policy.Metadata.Id}", "/");
        }
        catch (UnsupportedException unsupported)
        {
            invalid($"sessionPersistence: {unsupported.Message}; it is left out");
            return null;
        }
    }
}
