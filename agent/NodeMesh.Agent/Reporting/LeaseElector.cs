using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Resources.Kubernetes;

namespace NodeMesh.Agent.Reporting;

/// <summary>
/// Elects one of all agents by a Lease of coordination.k8s.io. Clocks are not compared: a lease counts as expired when it was seen
/// unchanged for its duration. The holder stops to be one, for itself, before any other can think so.
/// </summary>
internal sealed partial class LeaseElector(KubernetesApi api, LeaseOptions options, TimeProvider time, Random random, ILogger log)
{
    private const string ApiVersion = "coordination.k8s.io/v1";

    private string _seen = ""; // the lease's resourceVersion when it last changed
    private long _seenAt;
    private long _heldUntil; // in milliseconds of the monotonic clock; 0: not held

    public bool IsHolder => Volatile.Read(ref _heldUntil) is var until && until != 0 && Now() < until;

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var wasHolder = IsHolder;
            try
            {
                await TryAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is ApiException or JsonException)
            {
                LogFailed(options.Name, e.Message);
            }
            if (IsHolder != wasHolder)
            {
                LogElected(options.Identity, IsHolder ? "writes conditions from now on" : "writes no conditions any more");
            }
            var wait = IsHolder ? options.Renewal : options.Look * (1 + random.NextDouble());
            await Task.WhenAny(Task.Delay(wait, time, stop));
        }
        await ReleaseAsync();
    }

    private async Task TryAsync(CancellationToken stop)
    {
        var asked = Now();
        JsonObject lease;
        try
        {
            lease = Parse(await api.SendAsync(HttpMethod.Get, Path(options.Name), stop));
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            lease = new JsonObject
            {
                ["apiVersion"] = ApiVersion,
                ["kind"] = "Lease",
                ["metadata"] = new JsonObject { ["namespace"] = options.Namespace, ["name"] = options.Name },
            };
            Claim(lease, isNew: true);
            await WriteAsync(HttpMethod.Post, Path(""), lease, asked, stop);
            return;
        }

        var version = (string?)lease["metadata"]?["resourceVersion"] ?? "";
        if (version != _seen)
        {
            (_seen, _seenAt) = (version, asked);
        }
        var holder = (string?)lease["spec"]?["holderIdentity"] ?? "";
        var isMine = holder == options.Identity;
        var duration = TimeSpan.FromSeconds((int?)lease["spec"]?["leaseDurationSeconds"] ?? (int)options.Duration.TotalSeconds);
        if (isMine || holder.Length == 0 || asked - _seenAt >= duration.TotalMilliseconds)
        {
            Claim(lease, isNew: !isMine);
            await WriteAsync(HttpMethod.Put, Path(options.Name), lease, asked, stop);
        }
        else
        {
            Volatile.Write(ref _heldUntil, 0);
        }
    }

    private async Task WriteAsync(HttpMethod method, string path, JsonObject lease, long asked, CancellationToken stop)
    {
        try
        {
            var written = Parse(await api.SendAsync(method, path, stop, Encoding.UTF8.GetBytes(lease.ToJsonString())));
            (_seen, _seenAt) = ((string?)written["metadata"]?["resourceVersion"] ?? "", asked);
            Volatile.Write(ref _heldUntil, asked + (long)(options.Duration.TotalMilliseconds * 2 / 3));
        }
        catch (ApiException e) when (e.IsConflict)
        {
            Volatile.Write(ref _heldUntil, 0); // another was faster
        }
    }

    private void Claim(JsonObject lease, bool isNew)
    {
        // MicroTime of meta/v1.
        var now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        if (lease["spec"] is not JsonObject spec)
        {
            lease["spec"] = spec = [];
        }
        if (isNew)
        {
            spec["acquireTime"] = now;
            spec["leaseTransitions"] = ((int?)spec["leaseTransitions"] ?? -1) + 1;
        }
        spec["holderIdentity"] = options.Identity;
        spec["leaseDurationSeconds"] = Math.Max(1, (int)options.Duration.TotalSeconds);
        spec["renewTime"] = now;
    }

    // So that a successor need not wait; when it can't be done, the lease expires by itself.
    private async Task ReleaseAsync()
    {
        if (!IsHolder)
        {
            return;
        }
        Volatile.Write(ref _heldUntil, 0);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
        try
        {
            var lease = Parse(await api.SendAsync(HttpMethod.Get, Path(options.Name), limit.Token));
            if ((string?)lease["spec"]?["holderIdentity"] == options.Identity)
            {
                lease["spec"]!["holderIdentity"] = "";
                await api.SendAsync(HttpMethod.Put, Path(options.Name), limit.Token, Encoding.UTF8.GetBytes(lease.ToJsonString()));
            }
        }
        catch (Exception e) when (e is ApiException or JsonException or OperationCanceledException)
        {
            LogFailed(options.Name, e.Message);
        }
    }

    private string Path(string name) => ApiPaths.Of(ApiVersion, "leases", options.Namespace, name);

    private long Now() => (long)time.GetElapsedTime(0).TotalMilliseconds;

    private static JsonObject Parse(byte[] json) => JsonNode.Parse(json) as JsonObject ?? throw new JsonException("the answer is no object");

    [LoggerMessage(Level = LogLevel.Information, EventName = "Elected", Message = "{Identity} {What}")]
    private partial void LogElected(string identity, string what);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "ElectionFailed", Message = "Lease {Name}: {Error}")]
    private partial void LogFailed(string name, string error);
}
