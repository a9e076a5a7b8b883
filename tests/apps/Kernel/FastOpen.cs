using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NodeMesh.TestApp.Kernel;

/// <summary>TCP Fast Open as an app does it: connect and send in one call. It must not get past the mesh.</summary>
internal static partial class FastOpen
{
    private const int MsgFastOpen = 0x20000000;

    /// <summary>The Socket that owns the descriptor lives as long as the one that knows it is connected.</summary>
    private static readonly ConditionalWeakTable<Socket, Socket> Owners = [];

    /// <summary>sendto(MSG_FASTOPEN) on a fresh blocking socket. Returns the same descriptor, connected, in a Socket that knows it is.</summary>
    public static Socket Connect(Socket socket, IPEndPoint target, ReadOnlySpan<byte> data)
    {
        var address = target.Serialize();
        var sent = SendTo(socket.SafeHandle, data, data.Length, MsgFastOpen, address.Buffer.Span[..address.Size], address.Size);
        if (sent != data.Length)
        {
            throw new IOException($"sendto(MSG_FASTOPEN) to {target}: errno {Marshal.GetLastPInvokeError()}");
        }
        // With a cookie from an earlier connection the call returns while the SYN is still on its way.
        socket.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectWrite);
        var connected = new Socket(new SafeSocketHandle(socket.Handle, ownsHandle: false));
        Owners.Add(connected, socket);
        return connected;
    }

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static partial nint SendTo(SafeSocketHandle socket, ReadOnlySpan<byte> data, nint length, int flags, ReadOnlySpan<byte> address, int addressLength);
}
