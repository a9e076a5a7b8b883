using System.Net.Security;
using System.Net.Sockets;
using System.Net;
using System.Security.Authentication;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http.Http1;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Where a request goes, and as whom. HTTP connections are pooled by the host of the URI, which therefore spells out the destination,
/// the client that the destination shall see, and whose rules the connection goes by; nothing ever resolves it.
/// </summary>
internal sealed class UpstreamTarget
{
    private readonly Direction _accepted;
    private readonly IPAddress _client;
    private readonly IPEndPoint _endpoint;
    private readonly IUpstreamDialer _dialer;
    private volatile LastUri? _last;

    /// <param name="traffic">Of the Service port it is an endpoint of; null: of none that was dialled.</param>
    /// <param name="tls">How it is spoken to; null: without TLS.</param>
    public UpstreamTarget(Direction accepted, IPAddress client, IPEndPoint endpoint, IUpstreamDialer dialer, PortTraffic? traffic = null, BackendTlsEntry? tls = null)
    {
        Traffic = traffic;
        Tls = tls;
        _accepted = accepted;
        _client = client;
        _endpoint = endpoint;
        _dialer = dialer;
        var from = AddressKey.From(client);
        var to = AddressKey.From(endpoint);
        Key = new UpstreamKey(from, to, traffic?.Id ?? 0, tls?.Id ?? 0);
        // The scheme is what a server that speaks TLS wants to see in HTTP/2; the handler takes a connection that is secured already as it is.
        Prefix = $"{(tls is null ? "http" : "https")}://c{from.High:x}-{from.Low:x}.e{to.High:x}-{to.Low:x}{(traffic is null ? "" : $".p{traffic.Id:x}")}{(tls is null ? "" : $".t{tls.Id:x}")}:{to.Port}";
        Authority = endpoint.Port == 80 ? Literal(endpoint.Address) : $"{Literal(endpoint.Address)}:{endpoint.Port}";
        Direction = DirectionNow();
    }

    public IPAddress Client => _client;

    public IPEndPoint Endpoint => _endpoint;

    /// <summary>The destination is a captured pod of this node, before which the mesh stands for it.</summary>
    public bool EntersPod => Direction != TrafficDirection.Outbound || _dialer.IsLocal(_endpoint);

    /// <summary>What its Service port's TrafficPolicy says; null: nothing does.</summary>
    public PortTraffic? Traffic { get; }

    /// <summary>How connections are secured; null: not at all.</summary>
    public BackendTlsEntry? Tls { get; }

    public UpstreamKey Key { get; }

    /// <summary>The beginning of its URIs.</summary>
    public string Prefix { get; }

    /// <summary>Where its HTTP/1.1 connections were kept when last looked up.</summary>
    public Http1Pool? Pool { get; set; }

    /// <summary>The Host for a client that sent none (HTTP/1.0): the address, as the client would have written it.</summary>
    public string Authority { get; }

    /// <summary>Whether traffic stays on the node: as it was when a connection was last opened, since a pooled one goes the way it was dialled.</summary>
    public TrafficDirection Direction { get; private set; }

    /// <summary>The URI that makes the handler send this request target byte for byte.</summary>
    public Uri UriFor(string target)
    {
        var last = _last;
        if (last is null || last.Target != target)
        {
            var uri = new Uri(string.Concat(Prefix, target), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
            _last = last = new LastUri(target, uri);
        }
        return last.Uri;
    }

    /// <exception cref="UpstreamTlsException">It needs TLS, and nobody could be trusted.</exception>
    public ValueTask<PodSocket> DialAsync(LocalPod pod, CancellationToken cancellation)
    {
        if (Tls?.Rules is { Unusable.Length: > 0 } unusable)
        {
            throw new UpstreamTlsException($"BackendTLSPolicy {unusable.Policy}: {unusable.Unusable}");
        }
        Direction = DirectionNow();
        return Traffic?.ConnectMilliseconds is { } milliseconds
            ? DialAsync(pod, TimeSpan.FromMilliseconds(milliseconds), cancellation)
            : _dialer.DialAsync(pod, _accepted, _client, _endpoint, cancellation);
    }

    /// <summary>Speaks TLS on a connection just dialled, which is closed if that fails; null: it needs none.</summary>
    /// <exception cref="UpstreamTlsException">The other side can't be trusted, or broke off.</exception>
    public ValueTask<SslStream?> SecureAsync(PodSocket socket, bool http2, CancellationToken cancellation) => SecureAsync(new AwaitableStream(socket), http2, cancellation);

    /// <inheritdoc cref="SecureAsync(PodSocket, bool, CancellationToken)"/>
    public async ValueTask<SslStream?> SecureAsync(AwaitableStream transport, bool http2, CancellationToken cancellation)
    {
        if (Tls is null)
        {
            return null;
        }
        var most = TimeSpan.FromMilliseconds(Traffic?.ConnectMilliseconds ?? Dial.ConnectTimeoutMilliseconds);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(most);
        try
        {
            return await Tls.OpenAsync(transport, http2, limit.Token);
        }
        catch (Exception failure)
        {
            await transport.DisposeAsync();
            if (cancellation.IsCancellationRequested)
            {
                cancellation.ThrowIfCancellationRequested();
            }
            throw failure switch
            {
                OperationCanceledException => new UpstreamTlsException($"{Endpoint}: no TLS within {most.TotalMilliseconds} ms", failure),
                AuthenticationException or IOException or SocketException or ObjectDisposedException => new UpstreamTlsException($"{Endpoint}: {failure.Message}", failure),
                _ => failure,
            };
        }
    }

    private async ValueTask<PodSocket> DialAsync(LocalPod pod, TimeSpan most, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(most);
        try
        {
            return await _dialer.DialAsync(pod, _accepted, _client, _endpoint, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
    }

    private TrafficDirection DirectionNow() =>
        _accepted == Accepting.Direction.Inbound ? TrafficDirection.Inbound
        : _dialer.IsLocal(_endpoint) ? TrafficDirection.Local
        : TrafficDirection.Outbound;

    private static string Literal(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    private sealed record LastUri(string Target, Uri Uri);
}
