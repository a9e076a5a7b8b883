using System.Net.Sockets;
using System.Net;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http.Http1;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Where a request goes, and as whom. HTTP connections are pooled by the host of the URI, which therefore spells out the destination and
/// the client that the destination shall see; nothing ever resolves it.
/// </summary>
internal sealed class UpstreamTarget
{
    private readonly Direction _accepted;
    private readonly IPAddress _client;
    private readonly IPEndPoint _endpoint;
    private readonly IUpstreamDialer _dialer;
    private volatile LastUri? _last;

    /// <param name="traffic">Of the Service port it is an endpoint of; null: of none that was dialled.</param>
    public UpstreamTarget(Direction accepted, IPAddress client, IPEndPoint endpoint, IUpstreamDialer dialer, PortTraffic? traffic = null)
    {
        Traffic = traffic;
        _accepted = accepted;
        _client = client;
        _endpoint = endpoint;
        _dialer = dialer;
        var from = AddressKey.From(client);
        var to = AddressKey.From(endpoint);
        Key = new UpstreamKey(from, to);
        Prefix = $"http://c{from.High:x}-{from.Low:x}.e{to.High:x}-{to.Low:x}:{to.Port}";
        Authority = endpoint.Port == 80 ? Literal(endpoint.Address) : $"{Literal(endpoint.Address)}:{endpoint.Port}";
        Direction = DirectionNow();
    }

    public IPAddress Client => _client;

    public IPEndPoint Endpoint => _endpoint;

    /// <summary>The destination is a captured pod of this node, before which the mesh stands for it.</summary>
    public bool EntersPod => Direction != TrafficDirection.Outbound || _dialer.IsLocal(_endpoint);

    /// <summary>What its Service port's TrafficPolicy says; null: nothing does.</summary>
    public PortTraffic? Traffic { get; }

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

    public ValueTask<Socket> DialAsync(LocalPod pod, CancellationToken cancellation)
    {
        Direction = DirectionNow();
        return Traffic?.ConnectMilliseconds is { } milliseconds
            ? DialAsync(pod, TimeSpan.FromMilliseconds(milliseconds), cancellation)
            : _dialer.DialAsync(pod, _accepted, _client, _endpoint, cancellation);
    }

    private async ValueTask<Socket> DialAsync(LocalPod pod, TimeSpan most, CancellationToken cancellation)
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
