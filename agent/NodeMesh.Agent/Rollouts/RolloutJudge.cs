using System.Globalization;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Rollouts;

/// <summary>Decides what comes next in a Rollout. Knows neither clocks nor proxies.</summary>
internal static class RolloutJudge
{
    public static RolloutStatus Begin(RolloutSpec spec, RolloutTarget target, DateTimeOffset now) => new()
    {
        Phase = RolloutStatus.Progressing,
        Weight = spec.Steps[0].Weight,
        StepStarted = now,
        Revision = target.Revision,
        Route = target.Backends,
        Message = $"step 1 of {spec.Steps.Count}: {spec.Steps[0].Weight} % to the new version",
    };

    /// <param name="status">Progressing or paused.</param>
    /// <param name="window">Since the last check, which this one is if it has seen enough: then it begins anew.</param>
    public static RolloutStatus Next(RolloutSpec spec, RolloutTarget target, RolloutStatus status, BackendWindow window, DateTimeOffset now)
    {
        // The steps may have become fewer since.
        var index = Math.Min(status.Step, spec.Steps.Count - 1);
        var where = $"step {index + 1} of {spec.Steps.Count}, {status.Weight} %";
        // What was decided is about the backends as they are now.
        status = status with { Route = target.Backends, Phase = spec.Paused ? RolloutStatus.Paused : RolloutStatus.Progressing, Requests = window.Requests };
        if (window.Requests >= spec.Analysis.MinRequests)
        {
            status = status with { SuccessRate = window.SuccessRate, LatencyP99Milliseconds = window.Percentile(0.99) };
            window.Restart();
            if (Fault(spec.Analysis, status) is { } fault)
            {
                status = status with { FailedChecks = status.FailedChecks + 1, Passed = false, Message = $"{where}: {fault}" };
                return status.FailedChecks <= spec.Analysis.MaxFailedChecks
                    ? status
                    : status with { Phase = RolloutStatus.RolledBack, Weight = 0, Message = $"rolled back from {where}: {fault}" };
            }
            status = status with { Passed = true };
        }
        if (spec.Paused)
        {
            return status with { Message = $"{where}: paused" };
        }
        if (!status.Passed)
        {
            return status with { Message = $"{where}: waits for requests to the new version, {status.Requests} of {spec.Analysis.MinRequests} so far" };
        }
        if (now - status.StepStarted < Duration(spec.Steps[index].Hold))
        {
            return status with { Message = $"{where}: does well, held for {spec.Steps[index].Hold}" };
        }
        if (index + 1 == spec.Steps.Count)
        {
            return status with { Phase = RolloutStatus.Promoted, Weight = 100, Message = "promoted: 100 % until the route is changed" };
        }
        window.Restart();
        var next = spec.Steps[index + 1].Weight;
        return status with
        {
            Step = index + 1, Weight = next, StepStarted = now, Passed = false, FailedChecks = 0, Requests = 0,
            Message = $"step {index + 2} of {spec.Steps.Count}: {next} % to the new version",
        };
    }

    public static TimeSpan Duration(string text) => GatewayDuration.TryParse(text, out var duration) ? duration : TimeSpan.Zero;

    private static string? Fault(RolloutAnalysis analysis, RolloutStatus status)
    {
        if (status.SuccessRate < analysis.SuccessRate)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{status.SuccessRate:F2} % of {status.Requests} requests succeeded, less than {analysis.SuccessRate} %");
        }
        return analysis.LatencyP99 is { } limit && status.LatencyP99Milliseconds > Duration(limit).TotalMilliseconds
            ? string.Create(CultureInfo.InvariantCulture, $"99 % of {status.Requests} requests took up to {status.LatencyP99Milliseconds:F0} ms, more than {limit}")
            : null;
    }
}
