using System.Diagnostics;

namespace NodeMesh.UnitTests.Balancing;

/// <summary>Stands still until it is moved.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long _now = 24 * 3600 * Stopwatch.Frequency;

    public override long GetTimestamp() => _now;

    public void Advance(TimeSpan time) => _now += (long)(time.TotalSeconds * Stopwatch.Frequency);
}
