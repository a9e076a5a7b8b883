using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>What the Gateway API's schema demands of an XBackendTrafficPolicy.</summary>
internal static class BackendTrafficRules
{
    private const int MaxCount = 1_000_000;

    public static void Check(BackendTrafficPolicySpec spec, FieldErrors errors)
    {
        HttpRouteRules.CheckSession("spec.sessionPersistence", spec.SessionPersistence, errors);
        if (spec.RetryConstraint is not { } constraint)
        {
            return;
        }
        const string field = "spec.retryConstraint";
        PolicyRules.CheckAtLeast($"{field}.budget.percent", constraint.Budget?.Percent, 0, errors, 100);
        CheckInterval($"{field}.budget.interval", constraint.Budget?.Interval, TimeSpan.FromSeconds(1), errors);
        PolicyRules.CheckAtLeast($"{field}.minRetryRate.count", constraint.MinRetryRate?.Count, 1, errors, MaxCount);
        CheckInterval($"{field}.minRetryRate.interval", constraint.MinRetryRate?.Interval, TimeSpan.FromMilliseconds(1), errors);
    }

    private static void CheckInterval(string field, string? text, TimeSpan least, FieldErrors errors)
    {
        PolicyRules.CheckDuration(field, text, errors);
        if (text is not null && GatewayDuration.TryParse(text, out var interval) && (interval < least || interval > TimeSpan.FromHours(1)))
        {
            errors.Add(field, $"{text} is not {(least < TimeSpan.FromSeconds(1) ? "1ms" : "1s")} to 1h");
        }
    }
}
