using System.Net.Sockets;

namespace NodeMesh.NodeTests.Kernel;

internal static class NetnsSocket
{
    /// <summary>A TCP socket that lives in another network namespace: the test reads a node's admin port with it.</summary>
    public static Socket Create(string netns)
    {
        Socket? socket = null;
        // A socket belongs for ever to the namespace of the thread that made it; the thread ends at once.
        var thread = new Thread(() =>
        {
            using var file = File.OpenHandle($"/run/netns/{netns}");
            Libc.EnterNetns(file);
            socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        });
        thread.Start();
        thread.Join();
        return socket!;
    }
}
