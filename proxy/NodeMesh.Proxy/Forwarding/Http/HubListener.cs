using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>A listener for Kestrel that gives it connections accepted elsewhere.</summary>
internal sealed class HubListener(EndPoint endPoint) : IConnectionListener
{
    private readonly Channel<ConnectionContext> _connections = Channel.CreateUnbounded<ConnectionContext>(new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });

    public EndPoint EndPoint => endPoint;

    /// <returns>False once the server stops accepting.</returns>
    public bool Add(ConnectionContext connection) => _connections.Writer.TryWrite(connection);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _connections.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_connections.Reader.TryRead(out var connection))
            {
                return connection;
            }
        }
        return null; // The end, to Kestrel.
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _connections.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();
}
