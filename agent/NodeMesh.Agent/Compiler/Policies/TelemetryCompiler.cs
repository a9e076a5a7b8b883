using System.Globalization;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;
using NodeMesh.Contract.AccessLogs;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>The two parts of a TelemetryPolicy as the proxy has them.</summary>
internal static class TelemetryCompiler
{
    private const int PerMillionPerPercent = 10_000;
    private const double All = 100;
    private const double DefaultTraced = 1;
    private const uint Classes = 100;

    // An older one as long is kept beside it.
    private const ulong DefaultMaxFileBytes = 100 << 20;

    /// <param name="invalid">Is told when there is no such collector: what is for it is dropped until there is.</param>
    public static (Contract.AccessLogRules? Log, Contract.TracingRules? Tracing) Compile(TelemetryPolicy policy, TargetLookup services, Action<string> invalid)
    {
        var id = policy.Metadata.Id;
        Contract.AccessLogRules? log = null;
        if (policy.Spec.AccessLog is { } wanted)
        {
            log = new Contract.AccessLogRules
            {
                Policy = id,
                Format = wanted.Format ?? "",
                File = wanted.File ?? "",
                Collector = Collector(policy, "accessLog", wanted.Collector, services, invalid),
                MinDurationMilliseconds = RequestMatchCompiler.Milliseconds(wanted.Filter?.MinDuration),
                ErrorsOnly = wanted.Filter?.ErrorsOnly ?? false,
                PerMillion = PerMillion(wanted.Percentage ?? All),
            };
            if (wanted.File is not null)
            {
                log.MaxFileBytes = wanted.MaxFileSize is { } size && FileSize.TryParse(size, out var bytes) ? (ulong)bytes : DefaultMaxFileBytes;
            }
            log.RequestHeaders.AddRange(wanted.RequestHeaders.Select(LoggedHeader.Parse).Distinct());
            log.ResponseHeaders.AddRange(wanted.ResponseHeaders.Select(LoggedHeader.Parse).Distinct());
            log.Statuses.AddRange((wanted.Filter?.Statuses ?? []).Select(Range));
        }
        return (log, policy.Spec.Tracing is not { } tracing ? null : new Contract.TracingRules
        {
            Policy = id, PerMillion = PerMillion(tracing.Percentage ?? DefaultTraced), Collector = Collector(policy, "tracing", tracing.Collector, services, invalid),
        });
    }

    private static Contract.OtlpCollector? Collector(TelemetryPolicy policy, string part, Collector? collector, TargetLookup services, Action<string> invalid)
    {
        if (collector is null)
        {
            return null;
        }
        var service = $"{collector.Namespace ?? policy.Metadata.Namespace}/{collector.Name}";
        if (!services.HasPort(service, collector.Port))
        {
            invalid($"{part}: there is no Service {service} with a TCP port {collector.Port}; what is for it is dropped until there is");
        }
        return new Contract.OtlpCollector { Port = new Contract.BackendPort { Service = service, Port = (uint)collector.Port }, Http = collector.Protocol == "HTTP" };
    }

    // 404, "404", or a class such as 5xx.
    private static Contract.StatusRange Range(IntOrString status)
    {
        if (status.Name is { } name && name.EndsWith("xx", StringComparison.Ordinal))
        {
            var first = (uint)(name[0] - '0') * Classes;
            return new Contract.StatusRange { First = first, Last = first + Classes - 1 };
        }
        var one = status.Name is null ? (uint)status.Number : uint.Parse(status.Name, NumberStyles.None, CultureInfo.InvariantCulture);
        return new Contract.StatusRange { First = one, Last = one };
    }

    private static uint PerMillion(double percent) => (uint)Math.Round(percent * PerMillionPerPercent);
}
