using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Documents;
using NodeMesh.Agent.Resources.Kubernetes;

namespace NodeMesh.Agent.Reporting;

/// <summary>
/// Writes the conditions of routes, on the agent that holds the Lease. The list status.parents is shared by all controllers and can only be
/// written whole: it is written with the version it was read in, so that nobody's entry is lost, and only when our own differ.
/// </summary>
internal sealed partial class RouteStatusWriter(KubernetesApi api, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    // One request at a time, and this long between them: a new holder of the Lease reads every route once.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private readonly Dictionary<string, RouteStatus?> _written = new(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, RouteStatus> _wanted = ImmutableSortedDictionary.Create<string, RouteStatus>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, RouteStatus> _known = ImmutableSortedDictionary.Create<string, RouteStatus>(StringComparer.Ordinal);

    public void Publish(ImmutableSortedDictionary<string, RouteStatus> routes) => Volatile.Write(ref _wanted, routes);

    public async Task RunAsync(Func<bool> isHolder, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (isHolder())
            {
                await WriteAsync(isHolder, stop);
            }
            else
            {
                // Whoever writes now may write what it likes: read again when it is our turn.
                _written.Clear();
                _known = _wanted;
            }
            await Task.WhenAny(Task.Delay(Look, time, stop));
        }
    }

    private async Task WriteAsync(Func<bool> isHolder, CancellationToken stop)
    {
        var wanted = Volatile.Read(ref _wanted);
        var isWhole = true;
        foreach (var (key, before, status) in Changes.Between(_known, wanted).Concat(Unwritten(wanted)).ToList())
        {
            if (stop.IsCancellationRequested || !isHolder())
            {
                return;
            }
            if (_written.TryGetValue(key, out var written) && Equals(written, status))
            {
                continue;
            }
            try
            {
                if (await WriteAsync(status ?? before!, isGone: status is null, stop))
                {
                    _written[key] = status;
                }
                else
                {
                    isWhole = false;
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is ApiException or JsonException)
            {
                isWhole = false; // tried again at the next look
                LogFailed(key, e.Message);
            }
            await Task.WhenAny(Task.Delay(Pace, time, stop));
        }
        if (isWhole)
        {
            foreach (var gone in _written.Where(entry => entry.Value is null).Select(entry => entry.Key).ToList())
            {
                _written.Remove(gone);
            }
            _known = wanted;
        }
    }

    private IEnumerable<(string Key, RouteStatus? Before, RouteStatus? After)> Unwritten(ImmutableSortedDictionary<string, RouteStatus> wanted) =>
        wanted.Where(entry => !_written.TryGetValue(entry.Key, out var written) || !Equals(written, entry.Value)).Select(entry => (entry.Key, (RouteStatus?)null, (RouteStatus?)entry.Value));

    /// <summary>Returns whether the route now says what it should; else it is to be looked at again.</summary>
    private async Task<bool> WriteAsync(RouteStatus status, bool isGone, CancellationToken stop)
    {
        if (Kinds.Named(status.Kind) is not { } kind)
        {
            return true;
        }
        foreach (var version in (string[])[kind.ApiVersion, .. kind.OtherVersions])
        {
            var path = ApiPaths.Of(version, kind.Plural, status.Namespace, status.Name);
            JsonNode route;
            try
            {
                route = JsonNode.Parse(await api.SendAsync(HttpMethod.Get, path, stop)) ?? throw new JsonException("the answer is empty");
            }
            catch (ApiException e) when (e.IsNotFound)
            {
                continue; // not in this version, or the route is gone
            }
            return await WriteAsync(route, version, status, isGone, stop);
        }
        return true;
    }

    private async Task<bool> WriteAsync(JsonNode route, string version, RouteStatus status, bool isGone, CancellationToken stop)
    {
        var metadata = route["metadata"]!;
        if (!isGone && ((string?)metadata["uid"] != status.Uid || (long?)metadata["generation"] != status.Generation))
        {
            return false; // a newer one, not compiled yet
        }
        var parents = route["status"]?["parents"] as JsonArray ?? [];
        var ours = RouteStatusJson.Ours(isGone ? null : status, parents, time.GetUtcNow());
        if (JsonNode.DeepEquals(ours, new JsonArray([.. parents.Where(RouteStatusJson.IsOurs).Select(entry => entry!.DeepClone())])))
        {
            return true;
        }
        var all = new JsonArray([.. parents.Where(entry => !RouteStatusJson.IsOurs(entry)).Concat(ours).Select(entry => entry!.DeepClone())]);
        var apply = new JsonObject
        {
            ["apiVersion"] = version,
            ["kind"] = status.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = status.Name,
                ["namespace"] = status.Namespace,
                ["uid"] = (string?)metadata["uid"],
                ["resourceVersion"] = (string?)metadata["resourceVersion"],
            },
            ["status"] = new JsonObject { ["parents"] = all },
        };
        var path = ApiPaths.Of(version, Kinds.Named(status.Kind)!.Plural, status.Namespace, status.Name, "status");
        try
        {
            await api.SendAsync(HttpMethod.Patch, $"{path}?fieldManager=nodemesh&force=true", stop, Encoding.UTF8.GetBytes(apply.ToJsonString()), KubernetesApi.ApplyPatch);
            return true;
        }
        catch (ApiException e) when (e.IsConflict)
        {
            return false; // changed in between
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, EventName = "RouteStatusFailed", Message = "conditions of {Route}: {Error}")]
    private partial void LogFailed(string route, string error);
}
