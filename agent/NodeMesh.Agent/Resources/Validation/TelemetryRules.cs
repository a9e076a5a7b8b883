using System.Text.RegularExpressions;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;
using NodeMesh.Contract.AccessLogs;

namespace NodeMesh.Agent.Resources.Validation;

internal static partial class TelemetryRules
{
    private const double All = 100;
    private const int MaxHeaders = 16;

    public static void Check(TelemetryPolicySpec spec, FieldErrors errors)
    {
        if (spec is { AccessLog: null, Tracing: null })
        {
            errors.Add("spec", "has neither accessLog nor tracing: there is nothing to do");
        }
        if (spec.AccessLog is { } log)
        {
            Check(log, errors);
        }
        if (spec.Tracing is { } tracing)
        {
            CheckPercentage("spec.tracing.percentage", tracing.Percentage, errors);
            if (tracing.Collector is null)
            {
                errors.Add("spec.tracing.collector", "is missing: spans must go somewhere");
            }
            CheckCollector("spec.tracing.collector", tracing.Collector, errors);
        }
    }

    private static void Check(AccessLog log, FieldErrors errors)
    {
        CheckPercentage("spec.accessLog.percentage", log.Percentage, errors);
        CheckCollector("spec.accessLog.collector", log.Collector, errors);
        if (log is { File: not null, Collector: not null })
        {
            errors.Add("spec.accessLog", "has both file and collector: there is one place for its lines");
        }
        if (log is { Format: not null, Collector: not null })
        {
            errors.Add("spec.accessLog.format", "is for lines of text; a collector gets attributes");
        }
        if (log.File is not null && !FileName().IsMatch(log.File))
        {
            errors.Add("spec.accessLog.file", $"\"{log.File}\" is no file name: letters, digits, ., - and _, not beginning with one of these; it is in the directory that the agent was given with --access-log-dir");
        }
        if (log.File?.EndsWith(".1", StringComparison.Ordinal) == true)
        {
            errors.Add("spec.accessLog.file", $"\"{log.File}\" ends in .1, which is for the older file of another");
        }
        if (log is { MaxFileSize: not null, File: null })
        {
            errors.Add("spec.accessLog.maxFileSize", "goes with file");
        }
        if (log.MaxFileSize is { } size && !FileSize.TryParse(size, out _))
        {
            errors.Add("spec.accessLog.maxFileSize", $"\"{size}\" is no size such as 100Mi: a number and Ki, Mi or Gi");
        }
        CheckHeaders("spec.accessLog.requestHeaders", log.RequestHeaders, log.Format, AccessLogTemplate.RequestHeader, errors);
        CheckHeaders("spec.accessLog.responseHeaders", log.ResponseHeaders, log.Format, AccessLogTemplate.ResponseHeader, errors);
        if (log.Format is not null)
        {
            try
            {
                _ = AccessLogTemplate.Parse(log.Format);
            }
            catch (FormatException wrong)
            {
                errors.Add("spec.accessLog.format", wrong.Message);
            }
        }
        PolicyRules.CheckDuration("spec.accessLog.filter.minDuration", log.Filter?.MinDuration, errors);
        var statuses = log.Filter?.Statuses ?? [];
        for (var i = 0; i < statuses.Count; i++)
        {
            var status = statuses[i].Name ?? statuses[i].Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (!Status().IsMatch(status))
            {
                errors.Add($"spec.accessLog.filter.statuses[{i}]", $"\"{status}\" is neither a status such as 404 nor a class such as 5xx");
            }
        }
    }

    private static void CheckHeaders(string field, IReadOnlyList<string> names, string? format, string named, FieldErrors errors)
    {
        RouteRules.CheckCount(field, names.Count, MaxHeaders, errors);
        if (names.Count > 0 && format is not null)
        {
            errors.Add(field, $"is for JSON and collectors: name them in the format, as %{named}({names[0]})%");
        }
        for (var i = 0; i < names.Count; i++)
        {
            try
            {
                _ = LoggedHeader.Parse(names[i]);
            }
            catch (FormatException wrong)
            {
                errors.Add($"{field}[{i}]", wrong.Message);
            }
        }
    }

    private static void CheckCollector(string field, Collector? collector, FieldErrors errors)
    {
        if (collector is null)
        {
            return;
        }
        if (!Names.IsDnsLabel(collector.Name))
        {
            errors.Add($"{field}.name", $"\"{collector.Name}\" is no valid name of a Service");
        }
        ResourceRules.CheckPort($"{field}.port", collector.Port, errors);
        PolicyRules.CheckWord($"{field}.protocol", collector.Protocol, ["GRPC", "HTTP"], errors);
    }

    private static void CheckPercentage(string field, double? percentage, FieldErrors errors)
    {
        if (percentage is not (null or (>= 0 and <= All)))
        {
            errors.Add(field, $"{percentage} is not 0 to 100");
        }
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    private static partial Regex FileName();

    [GeneratedRegex("^([1-5]xx|[1-5][0-9][0-9])$")]
    private static partial Regex Status();
}
