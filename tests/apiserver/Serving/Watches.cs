using System.Text;
using Microsoft.AspNetCore.Http;
using NodeMesh.TestApiServer.Faults;
using NodeMesh.TestApiServer.Selecting;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>watch.</summary>
internal sealed class Watches(ObjectStore store, ApiServerOptions options)
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<object, long> _told = new();

    public int Open => _told.Count;

    /// <summary>The version that every open watch has been told of, by event or bookmark.</summary>
    public long Told => _told.IsEmpty ? 0 : _told.Values.Min();

    public async Task WatchAsync(HttpContext context, ApiRequest request, ResourceType type, Fault? fault, CancellationToken cancellation)
    {
        var selector = new Selector(type, request.Namespace, request.Parameter("labelSelector"), request.Parameter("fieldSelector"));
        context.Response.ContentType = "application/json";
        var sent = 0;
        var watch = new object();
        _told[watch] = 0;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, context.RequestAborted);
        if (int.TryParse(request.Parameter("timeoutSeconds"), out var seconds) && seconds > 0)
        {
            limit.CancelAfter(TimeSpan.FromSeconds(seconds));
        }
        try
        {
            await context.Response.Body.FlushAsync(limit.Token);
            var from = await StartAsync(limit.Token);
            while (true)
            {
                if (store.Since(type, from) is not { } batch)
                {
                    await ExpireAsync(store.IsServed(type) ? $"too old resource version: {from}" : "the type is no longer served", limit.Token);
                    return;
                }
                foreach (var change in batch.Events)
                {
                    if (await TellAsync(change, limit.Token))
                    {
                        return;
                    }
                }
                from = batch.Version;
                await context.Response.Body.FlushAsync(limit.Token);
                var isQuiet = await Task.WhenAny(batch.Next, Task.Delay(options.BookmarkInterval, limit.Token)) != batch.Next;
                if (isQuiet && !limit.IsCancellationRequested && request.Flag("allowWatchBookmarks") && store.Since(type, from) is { Events.Count: 0 } now)
                {
                    from = now.Version;
                    await SendAsync("BOOKMARK", Bookmark(type, from, isInitial: false), limit.Token);
                    _told[watch] = from;
                }
                limit.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // Its time is up, or nobody reads it any more.
        }
        finally
        {
            _told.TryRemove(watch, out _);
        }

        async Task<long> StartAsync(CancellationToken stop)
        {
            if (long.TryParse(request.Parameter("resourceVersion"), out var version) && version > 0)
            {
                return version;
            }
            var (now, objects) = store.List(type);
            foreach (var item in objects.Values.Where(selector.Matches))
            {
                await SendAsync("ADDED", Forms.Of(context.Request, item.Json), stop);
            }
            if (request.Flag("sendInitialEvents"))
            {
                await SendAsync("BOOKMARK", Bookmark(type, now, isInitial: true), stop);
            }
            return now;
        }

        async Task<bool> TellAsync(StoredEvent change, CancellationToken stop)
        {
            var (was, isNow) = (selector.Matches(change.Before), selector.Matches(change.After));
            if (!was && !isNow)
            {
                return false;
            }
            if (sent == fault?.CutAfter)
            {
                context.Abort();
                return true;
            }
            if (sent == fault?.ExpireAfter)
            {
                await ExpireAsync($"too old resource version: {change.Version - 1}", stop);
                return true;
            }
            if (fault is { Delay.Ticks: > 0 })
            {
                await Task.Delay(fault.Delay, stop);
            }
            var (word, shown) = isNow ? (was ? "MODIFIED" : "ADDED", change.After!.Json) : ("DELETED", Ended(change));
            await SendAsync(word, Forms.Of(context.Request, shown), stop);
            sent++;
            return false;
        }

        async Task SendAsync(string word, ReadOnlyMemory<byte> json, CancellationToken stop)
        {
            await context.Response.WriteAsync($"{{\"type\":\"{word}\",\"object\":", stop);
            await context.Response.Body.WriteAsync(json, stop);
            await context.Response.WriteAsync("}\n", stop);
            await context.Response.Body.FlushAsync(stop);
        }

        Task ExpireAsync(string why, CancellationToken stop) => SendAsync("ERROR", Encoding.UTF8.GetBytes(ApiRefusalException.Expired(why).Status.ToJsonString()), stop);
    }

    // What leaves a selection is told as deleted, in its last state within, with the version of the change.
    private static byte[] Ended(StoredEvent change)
    {
        if (change.Last is { } last)
        {
            return last.Json;
        }
        var json = change.Before!.Open();
        json["metadata"]!["resourceVersion"] = change.Version.ToString();
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    private static byte[] Bookmark(ResourceType type, long version, bool isInitial)
    {
        var annotations = isInitial ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
        return Encoding.UTF8.GetBytes(
            $"{{\"kind\":\"{type.Kind}\",\"apiVersion\":\"{type.ApiVersion}\",\"metadata\":{{\"resourceVersion\":\"{version}\",\"creationTimestamp\":null{annotations}}}}}");
    }
}
