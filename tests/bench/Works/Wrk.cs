using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Systems;

namespace NodeMesh.Bench.Works;

/// <summary>HTTP/1.1 over connections that stay.</summary>
/// <param name="isRouted">By way of routes, which only a mesh has.</param>
internal sealed class Wrk(string id, string title, int connections, bool isRouted = false) : Work(id, title)
{
    // "done" runs once, after the run: it costs nothing while wrk measures.
    private const string Script =
        """
        done = function(summary, latency, requests)
            local e = summary.errors
            io.write(string.format('\n{"requests":%d,"errors":%d,"error":"connect %d, read %d, write %d, status %d, timeout %d","seconds":%.6f,"bytes":%d,"p50":%.1f,"p99":%.1f,"p999":%.1f}\n',
                summary.requests, e.connect + e.read + e.write + e.status + e.timeout, e.connect, e.read, e.write, e.status, e.timeout,
                summary.duration / 1e6, summary.bytes, latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
        end
        """;

    public override async Task<LoadResult> RunAsync(
        MeasuredSystem system, Cgroup client, Workspace workspace, double seconds, CancellationToken cancelled)
    {
        var script = workspace.PathOf("wrk.lua");
        await File.WriteAllTextAsync(script, Script, cancelled);
        // wrk takes whole seconds only.
        return LoadResult.Parse(await InClientAsync(
            system, client, "wrk", ["-t", "1", "-c", $"{connections}", "-d", $"{Math.Max(1, Math.Round(seconds))}", "-s", script, Url(system)], cancelled));
    }

    public override async Task<string?> CheckAsync(MeasuredSystem system, Cgroup client, Workspace workspace, CancellationToken cancelled)
    {
        if (isRouted && system.RoutedAddress is null)
        {
            return "has no routes";
        }
        var answer = await InClientAsync(
            system, client, "curl", ["-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code} HTTP/%{http_version} %{size_download} bytes", Url(system)], cancelled);
        return answer == "200 HTTP/1.1 64 bytes" ? null : $"curl got {answer}";
    }

    private string Url(MeasuredSystem system) => $"http://{(isRouted ? system.RoutedAddress : system.Address)}:{Ports.Http1}/";
}
