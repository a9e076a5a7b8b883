using System.Net.Sockets;
using System.Text;

namespace NodeMesh.TestApp.Kernel;

/// <summary>The socket options with which an app might try to get past the mesh.</summary>
internal static class SocketOptions
{
    private const int SolSocket = 1;
    private const int SoBindToDevice = 25;
    private const int SoMark = 36;

    /// <summary>Needs CAP_NET_RAW or CAP_NET_ADMIN.</summary>
    public static void Mark(Socket socket, uint mark) => socket.SetRawSocketOption(SolSocket, SoMark, BitConverter.GetBytes(mark));

    /// <summary>Needs no privilege on a socket that is not bound to a device yet.</summary>
    public static void BindToDevice(Socket socket, string device) =>
        socket.SetRawSocketOption(SolSocket, SoBindToDevice, Encoding.ASCII.GetBytes(device + '\0'));
}
