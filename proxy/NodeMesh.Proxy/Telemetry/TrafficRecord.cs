using System.Net;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry.AccessLogs;
using NodeMesh.Proxy.Telemetry.Taps;
using NodeMesh.Proxy.Telemetry.Tracing;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>
/// One request, or one connection that is no HTTP, from its beginning to its end: made only where somebody wants to know of it. Those who carry it
/// fill it in; once it has ended nothing of it changes, and it is read by other threads. Null: not known, or there is no such thing.
/// </summary>
internal sealed class TrafficRecord(TrafficObserver observer, ConnectionRoute route, IPEndPoint client, IPEndPoint dialled, TimeProvider time)
{
    // A client may send what it likes, and many records wait to be written.
    private const int LongestText = 2048;

    private readonly long _began = time.GetTimestamp();
    private int _hasEnded;
    private List<(TimeSpan At, IPEndPoint Endpoint)>? _retries;

    /// <summary>Who wants a line of it; null: nobody.</summary>
    public AccessLogEntry? Log { get; init; }

    /// <summary>Who may want to see it; null: nobody.</summary>
    public Tap[]? Taps { get; init; }

    /// <summary>The trace it is a sampled part of; null: none.</summary>
    public TraceContext? Trace { get; init; }

    public DateTimeOffset Start { get; } = time.GetUtcNow();

    public TimeSpan Duration { get; private set; }

    /// <summary>Until the head of the response that the client got; null: it got none of an upstream's.</summary>
    public TimeSpan? TimeToFirstByte { get; private set; }

    public TrafficDirection Direction { get; private set; }

    public TrafficProtocol Protocol { get; set; }

    /// <summary>null: it is a connection.</summary>
    public string? Method { get; init; }

    /// <summary>As it came, without the query.</summary>
    public string? Path { get; init => field = Bounded(value); }

    /// <summary>Without the question mark.</summary>
    public string? Query { get; init => field = Bounded(value); }

    public string? Authority { get; init => field = Bounded(value); }

    public string? UserAgent { get; init => field = Bounded(value); }

    public string? RequestId { get; init => field = Bounded(value); }

    /// <summary>The fields that <see cref="Log"/> asks for, in its order, of the request as it came; null: it asks for none.</summary>
    public string?[]? RequestHeaders { get; init; }

    /// <summary>The same of the response that the client got; null: it asks for none, or there was none of an upstream's.</summary>
    public string?[]? ResponseHeaders { get; private set; }

    /// <summary>Of the trace that it is part of, sampled or not.</summary>
    public string? TraceId { get; init; }

    /// <summary>As the TLS handshake names it.</summary>
    public string? ServerName { get; set; }

    /// <summary>0: the client got no whole response, or it is a connection.</summary>
    public int Status { get; private set; }

    /// <summary>Of a gRPC call; empty: there was none.</summary>
    public string? GrpcStatus { get; private set; }

    public Reason Reason { get; private set; }

    /// <summary>The policy that ended it, as Kind/namespace/name.</summary>
    public string? Policy { get; private set; }

    public int Attempts { get; private set; }

    /// <summary>Attempts beside the first: when, after the start, and where to.</summary>
    public IReadOnlyList<(TimeSpan At, IPEndPoint Endpoint)> Retries => _retries ?? (IReadOnlyList<(TimeSpan, IPEndPoint)>)[];

    /// <summary>After the start.</summary>
    public TimeSpan LastAttemptAt { get; private set; }

    /// <summary>From the client: bytes of the request's body, or of the connection.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>To the client.</summary>
    public long BytesSent { get; private set; }

    public WorkloadEntry? Source => route.Source;

    public IPEndPoint Client => client;

    /// <summary>What it was sent to, so far as it got: of the last attempt.</summary>
    public WorkloadEntry? Destination { get; private set; } = route.Target;

    /// <summary>As the client dialled it.</summary>
    public IPEndPoint Dialled => dialled;

    /// <summary>Where the last attempt went.</summary>
    public IPEndPoint? Endpoint { get; private set; }

    /// <summary>namespace/name</summary>
    public string? Service => route.Port?.Service;

    /// <summary>namespace/name</summary>
    public string? Route { get; set; }

    public string? Rule { get; init; }

    /// <summary>It failed on the server's side, or the mesh ended it.</summary>
    public bool IsError => Reason is not (Reason.None or Reason.DownstreamReset) || Resilience.Failure.Of(Status, GrpcStatus).IsError;

    public void AttemptBegins(IPEndPoint endpoint)
    {
        LastAttemptAt = time.GetElapsedTime(_began);
        if (++Attempts > 1)
        {
            (_retries ??= []).Add((LastAttemptAt, endpoint));
        }
        Endpoint = endpoint;
    }

    /// <summary>The client is to get this response, with these fields.</summary>
    public void HeadCame(Func<string, string?> fields)
    {
        TimeToFirstByte = time.GetElapsedTime(_began);
        ResponseHeaders = Log?.Format.OfResponse(fields);
    }

    public void Received(long bytes) => BytesReceived += bytes;

    public void Sent(long bytes) => BytesSent += bytes;

    /// <param name="policy">namespace/name; empty: of that kind none allows it.</param>
    public void DecidedBy(string kind, string policy) => Policy = policy.Length == 0 ? $"{kind} (none allows it)" : $"{kind}/{policy}";

    /// <summary>It is over. The first call counts.</summary>
    /// <param name="grpcStatus">null: it is no gRPC call.</param>
    public void Ended(TrafficDirection direction, int status, string? grpcStatus, Reason reason)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) != 0)
        {
            return;
        }
        (Direction, Status, GrpcStatus, Reason) = (direction, status, grpcStatus, reason);
        Duration = time.GetElapsedTime(_began);
        if (Endpoint is not null)
        {
            Destination = observer.FindWorkload(Endpoint.Address);
        }
        observer.Ended(this);
    }

    /// <summary>What of it is kept: others choose it, and many wait to be written.</summary>
    public static string? Bounded(string? text) => text is { Length: > LongestText } ? text[..LongestText] : text;
}
