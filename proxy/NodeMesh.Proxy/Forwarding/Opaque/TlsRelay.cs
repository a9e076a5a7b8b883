using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Opaque;

/// <summary>
/// Passes the bytes of one connection on to an endpoint that a BackendTLSPolicy has spoken to in TLS, in both directions: an end as an end, a reset as a
/// reset. It holds no buffer while nothing passes.
/// <list type="number">
/// <item>Speak TLS with the endpoint, and make sure that it is who it should be.</item>
/// <item>Pass the bytes on until both sides are done, or one fails.</item>
/// <item>Account for it, once.</item>
/// </list>
/// </summary>
internal sealed partial class TlsRelay(PodSocket downstream, PodSocket upstream, BackendTlsEntry tls, ILogger logger) : IGuarded
{
    private const int BufferSize = 16 * 1024; // of one TLS record
    private const int LooksPerLimit = 4;

    private int _reason;
    private long _lastMoved = Environment.TickCount64;

    public required LocalPod Pod { get; init; }

    public required ConnectionSeries Series { get; init; }

    public required EndpointLease Lease { get; init; }

    /// <summary>null: no policy can come to forbid it.</summary>
    public RelayGuard? Guard { get; init; }

    /// <summary>How long TLS may take.</summary>
    public required int ConnectMilliseconds { get; init; }

    /// <summary>In which some byte must pass; 0: as long as both ends like.</summary>
    public int IdleMilliseconds { get; init; }

    /// <inheritdoc cref="Relay.IdlePolicy"/>
    public string IdlePolicy { get; init; } = "";

    /// <summary>Is told of its bytes and its end; null: nobody wants to know.</summary>
    public TrafficRecord? Record { get; init; }

    public TrafficDirection Direction { get; init; }

    /// <summary>Until its end. Never throws.</summary>
    public async Task RunAsync()
    {
        downstream.Start();
        upstream.Start();
        Series.Opened();
        Guard?.Guard.Enter(this);
        try
        {
            // :: Step 1: speak TLS with the endpoint.
            await using var secured = await OpenAsync();
            if (secured is not null)
            {
                // :: Step 2: pass the bytes on.
                await using var idle = IdleMilliseconds == 0 ? null : new Timer(_ => Look(), null, IdleMilliseconds / LooksPerLimit, IdleMilliseconds / LooksPerLimit);
                await Task.WhenAll(UpAsync(secured), DownAsync(secured));
            }
        }
        finally
        {
            // :: Step 3: account for it.
            Guard?.Guard.Leave(this);
            downstream.Dispose();
            upstream.Dispose();
            Lease.End();
            Series.Closed((Reason)_reason);
            Record?.Ended(Direction, 0, null, (Reason)_reason);
        }
    }

    public void Recheck(ConnectionGuard guard)
    {
        if (Guard!.IsForbidden())
        {
            Abort(Reason.Denied);
        }
    }

    private async Task<SslStream?> OpenAsync()
    {
        var transport = new AwaitableStream(upstream);
        using var limit = new CancellationTokenSource(ConnectMilliseconds);
        try
        {
            var secured = await tls.OpenAsync(transport, http2: null, limit.Token);
            Lease.Answered();
            Lease.Judged(isError: false, isGateway: false);
            return secured;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            LogFailed(logger, Pod.Id, tls.Rules.Policy, failure.Message);
            Lease.Failed();
            if (Volatile.Read(ref _reason) == (int)Reason.None)
            {
                Record?.DecidedBy("BackendTLSPolicy", tls.Rules.Policy);
            }
            Abort(Reason.UpstreamTls);
            return null;
        }
    }

    private async Task UpAsync(SslStream to)
    {
        byte[]? buffer = null;
        try
        {
            while (true)
            {
                int count;
                try
                {
                    await downstream.WaitToReceiveAsync(); // without a buffer
                    buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
                    count = await downstream.ReceiveAsync(buffer.AsMemory(0, BufferSize));
                }
                catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
                {
                    Abort(Reason.DownstreamReset);
                    return;
                }
                if (count == 0)
                {
                    await to.ShutdownAsync();
                    return;
                }
                await to.WriteAsync(buffer.AsMemory(0, count));
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = null;
                Series.Sent(count);
                Record?.Received(count);
                Moved(count);
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or InvalidOperationException or AuthenticationException)
        {
            Abort(Reason.UpstreamReset);
        }
        finally
        {
            Return(buffer);
        }
    }

    private async Task DownAsync(SslStream from)
    {
        byte[]? buffer = null;
        try
        {
            while (true)
            {
                int count;
                try
                {
                    await from.ReadAsync(Memory<byte>.Empty); // until there is something
                    buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
                    count = await from.ReadAsync(buffer.AsMemory(0, BufferSize));
                }
                catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or InvalidOperationException or AuthenticationException)
                {
                    Abort(Reason.UpstreamReset);
                    return;
                }
                if (count == 0)
                {
                    downstream.ShutdownWrite();
                    return;
                }
                await downstream.SendAsync(buffer.AsMemory(0, count));
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = null;
                Series.Received(count);
                Record?.Sent(count);
                Moved(count);
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            Abort(Reason.DownstreamReset);
        }
        finally
        {
            Return(buffer);
        }
    }

    private void Moved(int bytes)
    {
        Pod.Usage.Relayed(bytes, 0);
        Volatile.Write(ref _lastMoved, Environment.TickCount64);
    }

    private void Look()
    {
        if (Environment.TickCount64 - Volatile.Read(ref _lastMoved) >= IdleMilliseconds)
        {
            Record?.DecidedBy("TrafficPolicy", IdlePolicy);
            Abort(Reason.TimeoutIdle);
        }
    }

    // Both sides see a reset. The first reason counts.
    private void Abort(Reason reason)
    {
        Interlocked.CompareExchange(ref _reason, (int)reason, (int)Reason.None);
        downstream.Reset();
        upstream.Reset();
    }

    private static void Return(byte[]? buffer)
    {
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    [LoggerMessage(EventName = "TlsFailed", Level = LogLevel.Debug, Message = "A connection of {Pod} could not be put into TLS as BackendTLSPolicy {Policy} wants it: {Error}")]
    private static partial void LogFailed(ILogger logger, string pod, string policy, string error);
}
