using NodeMesh.Contract;

namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>The access log that a policy asks for: what is written, how, and where. Immutable.</summary>
internal sealed class AccessLogEntry(AccessLogRules rules)
{
    private const int Million = 1_000_000;

    private readonly TimeSpan _minDuration = TimeSpan.FromMilliseconds(rules.MinDurationMilliseconds);

    public AccessLogRules Rules => rules;

    public AccessLogFormat Format { get; } = new(rules);

    /// <summary>Whether anything is written at all.</summary>
    public bool IsOn => rules.PerMillion > 0;

    public bool Wants(TrafficRecord record, Random random) =>
        record.Duration >= _minDuration
        && (!rules.ErrorsOnly || record.IsError)
        && (rules.Statuses.Count == 0 || HasStatus(record.Status))
        && (rules.PerMillion >= Million || random.Next(Million) < rules.PerMillion);

    private bool HasStatus(int status)
    {
        foreach (var range in rules.Statuses)
        {
            if (status >= range.First && status <= range.Last)
            {
                return true;
            }
        }
        return false;
    }
}
