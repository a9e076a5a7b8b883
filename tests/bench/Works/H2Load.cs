using System.Globalization;
using System.Text.RegularExpressions;
using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Systems;

namespace NodeMesh.Bench.Works;

/// <summary>HTTP/2 with prior knowledge: GET, or gRPC calls.</summary>
internal sealed partial class H2Load(string id, string title, int connections, int streams, bool grpc) : Work(id, title)
{
    public override async Task<LoadResult> RunAsync(
        MeasuredSystem system, Cgroup client, Workspace workspace, double seconds, CancellationToken cancelled)
    {
        var log = workspace.PathOf("h2load.log");
        var request = await RequestAsync(workspace, cancelled);
        File.Delete(log); // h2load appends
        var output = await InClientAsync(
            system, client, "h2load",
            ["-t", "1", "-c", $"{connections}", "-m", $"{streams}", "-D", $"{Math.Max(1, Math.Round(seconds))}", "--log-file", log, .. request, Url(system)],
            cancelled);
        return Parse(output, File.ReadLines(log));
    }

    public override async Task<string?> CheckAsync(MeasuredSystem system, Cgroup client, Workspace workspace, CancellationToken cancelled)
    {
        var frames = await InClientAsync(
            system, client, "nghttp", ["-n", "-v", "-t", "5", .. await RequestAsync(workspace, cancelled), Url(system)], cancelled);
        var bytes = Data().Matches(frames).Sum(m => Number(m, 1));
        return !frames.Contains(":status: 200", StringComparison.Ordinal) ? $"the answer is no 200: {frames.ReplaceLineEndings(" ")}"
            : bytes != (grpc ? 69 : 64) ? $"the answer has {bytes} bytes"
            : grpc && !frames.Contains("grpc-status: 0", StringComparison.Ordinal) ? "the trailer grpc-status: 0 is missing"
            : null;
    }

    private async Task<string[]> RequestAsync(Workspace workspace, CancellationToken cancelled)
    {
        if (!grpc)
        {
            return [];
        }
        var file = workspace.PathOf("request.grpc");
        await File.WriteAllBytesAsync(file, GrpcMessage.Frame(64), cancelled);
        return ["-d", file, "-H", "content-type: application/grpc", "-H", "te: trailers"];
    }

    private string Url(MeasuredSystem system) =>
        grpc ? $"http://{system.Address}:{Ports.Grpc}/bench.Echo/Say" : $"http://{system.Address}:{Ports.H2c}/";

    /// <summary>
    /// h2load prints no percentiles, but logs every request: start, status, duration in microseconds, separated by tabs.
    /// </summary>
    internal static LoadResult Parse(string output, IEnumerable<string> log)
    {
        var finished = Finished().Match(output);
        var requests = Requests().Match(output);
        var statuses = Statuses().Match(output);
        if (!finished.Success || !requests.Success || !statuses.Success)
        {
            throw new BenchException($"h2load printed no result but: {output.Trim()}");
        }
        var durations = log.Select(l => long.Parse(l.AsSpan(l.LastIndexOf('\t') + 1), CultureInfo.InvariantCulture)).Order().ToArray();
        var done = Number(requests, 1);
        return new LoadResult
        {
            Requests = done,
            Errors = Number(requests, 2) + Number(requests, 3) + Number(requests, 4) + Number(statuses, 1) + Number(statuses, 2) + Number(statuses, 3),
            Error = $"{requests.Value}, {statuses.Value}",
            Seconds = done / double.Parse(finished.Groups[1].ValueSpan, CultureInfo.InvariantCulture),
            P50 = At(durations, 0.5),
            P99 = At(durations, 0.99),
            P999 = At(durations, 0.999),
        };
    }

    private static long Number(Match match, int group) => long.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    private static double At(long[] sorted, double part) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(part * sorted.Length))];

    [GeneratedRegex(@"finished in .*?, ([0-9.]+) req/s")]
    private static partial Regex Finished();

    [GeneratedRegex(@"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout")]
    private static partial Regex Requests();

    [GeneratedRegex(@"recv DATA frame <length=(\d+)")]
    private static partial Regex Data();

    [GeneratedRegex(@"2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx")]
    private static partial Regex Statuses();
}
