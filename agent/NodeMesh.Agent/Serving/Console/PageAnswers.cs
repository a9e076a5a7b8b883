using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NodeMesh.Agent.Compiler;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>What the page asks for at every look: no more than it shows, so that it stays small in a large mesh.</summary>
/// <param name="scrape">/metrics, as text.</param>
internal sealed class PageAnswers(Func<AgentStatus> status, SnapshotPublisher publisher, ProxySessions sessions, Func<Task<string>> scrape)
{
    private const int LeastPacked = 1024;

    public IReadOnlyDictionary<string, RequestDelegate> ByName => new Dictionary<string, RequestDelegate>
    {
        ["node"] = NodeAsync,
        ["series"] = SeriesAsync,
        ["workload"] = WorkloadAsync,
    };

    // Its pods, and what is wrong with it.
    private Task NodeAsync(HttpContext context)
    {
        var now = status();
        var workloads = publisher.Current.Content.Workloads;
        var owners = now.Pods.Select(pod => workloads.GetValueOrDefault($"{pod.Namespace}/{pod.Name}")).OfType<Contract.Workload>().ToDictionary(workload => workload.Id, workload => workload.Owner);
        var answer = new NodeAnswer(now.CaptureMode, now.Pods, owners, now.Problems, now.NotReady());
        return WriteAsync(context, JsonSerializer.SerializeToUtf8Bytes(answer, PageJson.Default.NodeAnswer));
    }

    // ?of=NAME,NAME: these of the metrics.
    private async Task SeriesAsync(HttpContext context) =>
        await WriteAsync(context, SeriesTable.Of(await scrape().ConfigureAwait(false), context.Request.Query["of"].ToString().Split(','))).ConfigureAwait(false);

    // ?namespace=NAME&name=NAME: what is configured for it, and how far that is in force.
    private Task WorkloadAsync(HttpContext context)
    {
        var (version, content) = publisher.Current;
        var part = WorkloadPart.Of(content, context.Request.Query["namespace"].ToString(), context.Request.Query["name"].ToString());
        var routes = part.Routes.Values.SelectMany(one => one.Tables).SelectMany(table => table.Rules).Select(rule => rule.Route).ToHashSet();
        var now = status();
        var rollouts = JsonSerializer.Serialize([.. now.Rollouts.Where(rollout => rollout.Route is { } route && routes.Contains(route))], AdminJson.Default.IReadOnlyListRolloutView);
        var troubled = JsonSerializer.Serialize([.. now.Policies.Where(policy => policy.Targets.SelectMany(target => target.Conditions).Any(condition => condition.IsTrouble))], AdminJson.Default.IReadOnlyListPolicyStatus);
        return WriteAsync(context, Encoding.UTF8.GetBytes($"{{\"config\":{ConfigJson.Write(version, sessions.Applied, part)},\"rollouts\":{rollouts},\"troubled\":{troubled}}}"));
    }

    private static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> json)
    {
        var response = context.Response;
        response.ContentType = "application/json";
        if (json.Length < LeastPacked || !context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            await response.Body.WriteAsync(json, context.RequestAborted).ConfigureAwait(false);
            return;
        }
        response.Headers.ContentEncoding = "gzip";
        await using var packed = new GZipStream(response.Body, CompressionLevel.Fastest);
        await packed.WriteAsync(json, context.RequestAborted).ConfigureAwait(false);
    }
}
