using System.Diagnostics;

namespace NodeMesh.Bench.Reporting;

/// <summary>Where the figures were measured, without which they say nothing.</summary>
internal sealed record MachineFacts(string Cpu, int Cores, string Kernel, string Date, IReadOnlyList<string> Versions)
{
    /// <param name="withPeers">Those were measured too, and are there.</param>
    public static MachineFacts Read(bool withPeers = true) => new(
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[^1] ?? "unknown CPU",
        Environment.ProcessorCount,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}",
        [.. withPeers ? new[] { Version("haproxy", "-v"), Version("nginx", "-v") } : [], $".NET {Environment.Version}"]);

    public override string ToString() => $"{Cores} x {Cpu}, Linux {Kernel}, {string.Join(", ", Versions)}, {Date}";

    private static string Version(string program, string option)
    {
        using var process = Process.Start(new ProcessStartInfo(program, option) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var line = (process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd()).Split('\n')[0];
        process.WaitForExit();
        return string.Join(' ', line.Replace("nginx version: nginx/", "nginx ", StringComparison.Ordinal)
            .Replace("HAProxy version", "HAProxy", StringComparison.Ordinal).Split(' ').Take(2));
    }
}
