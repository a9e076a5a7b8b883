using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>What the schema in installer/crds demands of a Rollout.</summary>
internal static class RolloutRules
{
    private const int MaxSteps = 32;
    private const int All = 100;

    public static void Check(RolloutSpec spec, FieldErrors errors)
    {
        if (spec.TargetRef is not { Group: GatewayApi.Group, Kind: GatewayApi.HttpRoute, Name.Length: > 0 })
        {
            errors.Add("spec.targetRef", $"must name an HTTPRoute of group {GatewayApi.Group}");
        }
        CheckBackend("spec.stable", spec.Stable, errors);
        CheckBackend("spec.canary", spec.Canary, errors);
        if (spec.Stable == spec.Canary)
        {
            errors.Add("spec.canary", "is the same as spec.stable");
        }
        RouteRules.CheckCount("spec.steps", spec.Steps.Count, MaxSteps, errors);
        if (spec.Steps.Count == 0)
        {
            errors.Add("spec.steps", "is empty: say which share the new version gets first");
        }
        for (var i = 0; i < spec.Steps.Count; i++)
        {
            PolicyRules.CheckAtLeast($"spec.steps[{i}].weight", spec.Steps[i].Weight, 1, errors, All);
            if (i > 0 && spec.Steps[i].Weight <= spec.Steps[i - 1].Weight)
            {
                errors.Add($"spec.steps[{i}].weight", $"{spec.Steps[i].Weight} is not more than that of the step before");
            }
            PolicyRules.CheckDuration($"spec.steps[{i}].hold", spec.Steps[i].Hold, errors);
        }
        PolicyRules.CheckDuration("spec.analysis.interval", spec.Analysis.Interval, errors);
        PolicyRules.CheckDuration("spec.analysis.latencyP99", spec.Analysis.LatencyP99, errors);
        PolicyRules.CheckAtLeast("spec.analysis.minRequests", spec.Analysis.MinRequests, 1, errors);
        PolicyRules.CheckAtLeast("spec.analysis.maxFailedChecks", spec.Analysis.MaxFailedChecks, 0, errors);
        if (spec.Analysis.SuccessRate is not (>= 0 and <= All))
        {
            errors.Add("spec.analysis.successRate", $"{spec.Analysis.SuccessRate} is not 0 to 100");
        }
    }

    private static void CheckBackend(string field, RolloutBackend backend, FieldErrors errors)
    {
        if (!Names.IsDnsLabel(backend.Name))
        {
            errors.Add($"{field}.name", $"\"{backend.Name}\" is no valid name of a Service");
        }
        ResourceRules.CheckPort($"{field}.port", backend.Port, errors);
    }
}
