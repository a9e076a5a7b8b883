using System.Net.Sockets;

namespace NodeMesh.Agent;

/// <summary>
/// How an agent follows another on one state directory without a gap: the new one knocks, the old one leaves everything in the
/// kernel as it is and lets go of the lock.
/// </summary>
internal sealed class Handover : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <param name="asked">Called when a successor knocks; on any thread, once or more often.</param>
    public Handover(StateDirectory state, Action asked)
    {
        File.Delete(state.HandoverSocket);
        _listener.Bind(new UnixDomainSocketEndPoint(state.HandoverSocket)); // below agent/, where only root may go
        _listener.Listen(1);
        _ = AcceptAsync(asked);
    }

    /// <summary>Asks the agent that holds the state directory to leave. False when there is none that listens.</summary>
    public static bool Ask(StateDirectory state)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(state.HandoverSocket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync(Action asked)
    {
        try
        {
            while (true)
            {
                (await _listener.AcceptAsync().ConfigureAwait(false)).Dispose();
                asked();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopping.
        }
    }
}
