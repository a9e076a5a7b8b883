using Microsoft.Extensions.Logging;

namespace NodeMesh.Contract.Telemetry;

/// <summary>The least severe messages that a program logs of its own: as it was started, or others for a while. Any thread.</summary>
/// <param name="usual">As it was started.</param>
public sealed class LogLevels(LogLevel usual, TimeProvider time)
{
    private Setting _setting = new(usual, null);

    /// <summary>The level in force.</summary>
    public LogLevel Current => Volatile.Read(ref _setting) is var now && now.Until < time.GetUtcNow() ? usual : now.Level;

    /// <summary>Takes another level, until it is set again or so much time has passed.</summary>
    public void Set(LogLevel level, TimeSpan duration) => Volatile.Write(ref _setting, new Setting(level, time.GetUtcNow() + duration));

    /// <summary>Of the libraries below, warnings and worse; everything at <see cref="LogLevel.Trace"/>.</summary>
    public bool Logs(string? category, LogLevel level)
    {
        var least = Current;
        return level >= least && (level >= LogLevel.Warning || least == LogLevel.Trace || category?.StartsWith("Microsoft", StringComparison.Ordinal) != true);
    }

    private sealed record Setting(LogLevel Level, DateTimeOffset? Until);
}
