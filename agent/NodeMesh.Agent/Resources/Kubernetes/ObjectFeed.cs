using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>
/// Keeps an <see cref="ObjectCopy"/> up to date by one list and watch. Listed once, page by page, then watched from there; a watch that breaks off is
/// resumed where it was, and only what the API server no longer remembers is listed anew. While it is away, the copy stays as it is.
/// </summary>
internal sealed partial class ObjectFeed(
    KubernetesApi api, WatchedKind watched, KubernetesOptions options, TimeProvider time, Random random, Action changed, ILogger log)
{
    private static readonly TimeSpan ShortWatch = TimeSpan.FromSeconds(1);

    private bool _hasSynced;
    private bool _isConnected;

    // The feed's own thread's.
    private string _version = ""; // the watch goes on from here; empty: list first
    private string _newest = ""; // the last that was seen, for lists that must not be older
    private volatile TaskCompletionSource _poked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isAbsent;
    private int _apiVersion; // of those that the kind has
    private bool _isInPages;
    private bool _isUnpaged;

    public WatchedKind Watched => watched;

    /// <summary>What was read last.</summary>
    public ObjectCopy Copy { get; } = new(watched);

    /// <summary>All objects were listed, or the kind is known not to exist here.</summary>
    public bool HasSynced => Volatile.Read(ref _hasSynced);

    /// <summary>The watch stands, or the kind does not exist here.</summary>
    public bool IsConnected => Volatile.Read(ref _isConnected);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(options.FirstRetry, options.LongestRetry, random);
        while (!cancellation.IsCancellationRequested)
        {
            TimeSpan wait;
            try
            {
                if (_version.Length == 0)
                {
                    await ListAsync(cancellation);
                }
                var started = time.GetTimestamp();
                var events = await WatchAsync(backoff, cancellation);
                // Ended as it was asked to, or cut off at once: then not again and again.
                wait = events > 0 || time.GetElapsedTime(started) > ShortWatch ? TimeSpan.Zero : backoff.Next(null);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException e) when (e.IsNotFound && watched.IsOptional && _apiVersion + 1 < watched.Versions.Count)
            {
                (_apiVersion, _version) = (_apiVersion + 1, "");
                wait = TimeSpan.Zero;
            }
            catch (ApiException e) when (e.IsNotFound && watched.IsOptional)
            {
                _apiVersion = 0;
                Absent();
                wait = options.AbsentRetry * (0.75 + (random.NextDouble() / 2));
            }
            catch (ApiException e) when (e.IsExpired)
            {
                LogExpired(watched.Name, e.Message);
                _version = "";
                (_isUnpaged, _isInPages) = (_isInPages, false);
                Volatile.Write(ref _isConnected, false);
                wait = backoff.Next(e.RetryAfter);
            }
            catch (ApiException e)
            {
                if (e.IsBehind)
                {
                    _newest = ""; // was the store set back to an earlier time? then what there is now is what counts
                }
                wait = backoff.Next(e.RetryAfter);
                Lost(e.Reason, e.Message, wait);
            }
            catch (JsonException e)
            {
                _version = "";
                wait = backoff.Next(null);
                Lost("NotUnderstood", $"GET {Path}: the answer can not be read: {e.Message}", wait);
            }
            await RestAsync(wait, cancellation);
        }
    }

    /// <summary>Something was installed: a kind that was absent may be there now.</summary>
    public void Poke()
    {
        if (_isAbsent)
        {
            _poked.TrySetResult();
        }
    }

    private async Task RestAsync(TimeSpan wait, CancellationToken cancellation)
    {
        if (wait > TimeSpan.Zero)
        {
            await Task.WhenAny(Task.Delay(wait, time, cancellation), _poked.Task);
        }
        if (_poked.Task.IsCompleted)
        {
            _poked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private async Task ListAsync(CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var buffer = new ArrayBufferWriter<byte>(64 << 10);
        var accept = Accept("PartialObjectMetadataList");
        ListMeta meta;
        var more = "";
        do
        {
            buffer.ResetWrittenCount();
            var page = ListPath(more);
            _isInPages = more.Length > 0;
            await api.GetAsync(page, accept, (stream, limit) => FillAsync(buffer, stream, limit), options.AnswerLimit, cancellation);
            meta = ListPage.Read(buffer.WrittenSpan, static _ => { });
            if (IsOlder(meta.ResourceVersion, _newest))
            {
                throw new ApiException(null, "Stale", $"GET {page}: the API server answers with version {meta.ResourceVersion}, though {_newest} was seen before: it is behind the others");
            }
            ListPage.Read(buffer.WrittenSpan, item => seen.Add(Copy.Put(item).Id));
            more = meta.Continue;
        }
        while (more.Length > 0);
        (_isInPages, _isUnpaged) = (false, false);
        Copy.RemoveAllBut(seen);
        (_version, _newest) = (meta.ResourceVersion, meta.ResourceVersion);
        Volatile.Write(ref _hasSynced, true);
        changed();
        LogListed(watched.Name, seen.Count, time.GetElapsedTime(started).TotalMilliseconds);
    }

    private string ListPath(string more) =>
        more.Length > 0 ? Query($"limit={options.PageSize}&continue={Uri.EscapeDataString(more)}")
        : _newest.Length > 0 ? Query($"{Limit}resourceVersion={_newest}&resourceVersionMatch=NotOlderThan")
        : Query(Limit.TrimEnd('&'));

    private string Path => watched.Path(watched.Versions[_apiVersion]);

    // The pages of a list that takes too long expire before the last; then all at once.
    private string Limit => _isUnpaged ? "" : $"limit={options.PageSize}&";

    /// <summary>Returns how many events came.</summary>
    private async Task<int> WatchAsync(Backoff backoff, CancellationToken cancellation)
    {
        var seconds = (int)(options.WatchLimit.TotalSeconds * (1 + random.NextDouble()));
        var path = Query($"watch=1&allowWatchBookmarks=true&timeoutSeconds={Math.Max(1, seconds)}&resourceVersion={_version}");
        var events = 0;
        await api.GetAsync(path, Accept("PartialObjectMetadata"), async (stream, broken) =>
        {
            Connected();
            var reader = PipeReader.Create(stream);
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(broken);
            while (true)
            {
                silence.CancelAfter(options.WatchSilence);
                var read = await reader.ReadAsync(silence.Token);
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    Take(buffer.Slice(0, end));
                    if (++events == 1)
                    {
                        backoff.Reset();
                    }
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }, null, cancellation);
        return events;
    }

    private void Take(ReadOnlySequence<byte> line)
    {
        var json = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
        var (kind, range) = WatchEvent.Read(json);
        json = json[range];
        switch (kind)
        {
            case WatchEvent.Kind.Error:
                var status = JsonSerializer.Deserialize(json, ApiJson.Default.ApiStatus)!;
                throw new ApiException((HttpStatusCode)status.Code, status.Reason, $"watch of {watched.Name}: {status.Code} {status.Message}");
            case WatchEvent.Kind.Bookmark:
                _version = ObjectIdentity.Read(json).ResourceVersion;
                break;
            case WatchEvent.Kind.Deleted:
                var gone = ObjectIdentity.Read(json);
                Copy.Remove(gone.Id);
                _version = gone.ResourceVersion;
                changed();
                break;
            default:
                _version = Copy.Put(json).ResourceVersion;
                changed();
                break;
        }
        _newest = _version;
    }

    private void Absent()
    {
        Copy.Clear();
        if (!_isAbsent)
        {
            LogAbsent(watched.Name, watched.Kind.ApiVersion);
        }
        _isAbsent = true;
        (_version, _newest) = ("", "");
        Volatile.Write(ref _isConnected, true);
        Volatile.Write(ref _hasSynced, true);
        changed();
    }

    private void Connected()
    {
        _isAbsent = false;
        var wasLost = Copy.Restored();
        Volatile.Write(ref _isConnected, true);
        if (wasLost)
        {
            LogRestored(watched.Name);
        }
        changed();
    }

    private void Lost(string reason, string message, TimeSpan wait)
    {
        LogLost(watched.Name, message, wait.TotalSeconds);
        Copy.Lost(new ResourceProblem("Kubernetes", watched.Name, reason, message + (_hasSynced ? ". What was read before stays in force." : "")));
        Volatile.Write(ref _isConnected, false);
        changed();
    }

    private string Accept(string form) =>
        watched.IsMetadataOnly ? $"application/json;as={form};g=meta.k8s.io;v=v1,application/json" : KubernetesApi.Json;

    private string Query(string parameters)
    {
        var selector = watched.FieldSelector.Length == 0 ? "" : $"fieldSelector={Uri.EscapeDataString(watched.FieldSelector)}";
        var all = string.Join('&', new[] { parameters, selector }.Where(part => part.Length > 0));
        return all.Length == 0 ? Path : $"{Path}?{all}";
    }

    // Versions are opaque by contract, and numbers in every API server there is.
    private static bool IsOlder(string version, string than) =>
        ulong.TryParse(version, out var a) && ulong.TryParse(than, out var b) && a < b;

    private static async Task FillAsync(ArrayBufferWriter<byte> buffer, Stream stream, CancellationToken cancellation)
    {
        while (await stream.ReadAsync(buffer.GetMemory(64 << 10), cancellation) is > 0 and var count)
        {
            buffer.Advance(count);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "ObjectsListed", Message = "{Kind}: {Count} listed in {Milliseconds:F0} ms")]
    private partial void LogListed(string kind, int count, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, EventName = "WatchExpired", Message = "{Kind}: listing all anew ({Why})")]
    private partial void LogExpired(string kind, string why);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "WatchLost", Message = "{Kind}: {Error}; again in {Seconds:F1} s")]
    private partial void LogLost(string kind, string error, double seconds);

    [LoggerMessage(Level = LogLevel.Information, EventName = "WatchRestored", Message = "{Kind}: watched again")]
    private partial void LogRestored(string kind);

    [LoggerMessage(Level = LogLevel.Information, EventName = "KindAbsent", Message = "{Kind}: the API server has no {ApiVersion}; waiting for it")]
    private partial void LogAbsent(string kind, string apiVersion);
}
