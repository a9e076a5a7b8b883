using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace NodeMesh.NodeTests.Capture.Ebpf;

/// <summary>What an app in a pod may do that .NET's sockets do not offer.</summary>
internal static unsafe partial class AppCalls
{
    private const int SendFastOpen = 0x20000000; // MSG_FASTOPEN
    private const uint CapabilityVersion = 0x20080522; // _LINUX_CAPABILITY_VERSION_3
    private const int ProtocolMptcp = 262;

    /// <summary>Runs on a thread of its own without any capability, as an app in a restricted container.</summary>
    public static void WithoutCapabilities(Action action)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                DropCapabilities();
                action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    /// <summary>SO_BINDTODEVICE</summary>
    public static void BindToDevice(Socket socket, string device) =>
        socket.SetRawSocketOption(1, 25, System.Text.Encoding.ASCII.GetBytes(device + '\0'));

    /// <summary>SO_MARK; needs CAP_NET_RAW or CAP_NET_ADMIN.</summary>
    public static void Mark(Socket socket, int mark) => socket.SetRawSocketOption(1, 36, BitConverter.GetBytes(mark));

    /// <summary>connect() and the first bytes in one call, the bytes in the SYN if there is a cookie.</summary>
    public static void SendFast(Socket socket, IPEndPoint to, ReadOnlySpan<byte> data)
    {
        var address = to.Serialize();
        fixed (byte* bytes = data, target = address.Buffer.Span)
        {
            if (SendTo(socket.SafeHandle, bytes, data.Length, SendFastOpen, target, address.Size) < 0)
            {
                throw new SocketException(Marshal.GetLastPInvokeError());
            }
        }
    }

    /// <summary>TCP_FASTOPEN_CONNECT: connect() returns at once, the SYN leaves with the first write.</summary>
    public static void DeferConnect(Socket socket) => socket.SetRawSocketOption(6, 30, BitConverter.GetBytes(1));

    /// <summary>Null if the kernel has no MPTCP.</summary>
    public static Socket? MptcpSocket(AddressFamily family)
    {
        var handle = NewSocket(family == AddressFamily.InterNetwork ? 2 : 10, 1, ProtocolMptcp);
        return handle.IsInvalid ? null : new Socket(handle);
    }

    private static void DropCapabilities()
    {
        var header = stackalloc uint[2] { CapabilityVersion, 0 };
        var none = stackalloc uint[6];
        if (SetCapabilities(header, none) != 0)
        {
            throw new InvalidOperationException($"capset: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "capset", SetLastError = true)]
    private static partial int SetCapabilities(uint* header, uint* data);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static partial nint SendTo(SafeSocketHandle socket, byte* data, nint length, int flags, byte* to, int toLength);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial SafeSocketHandle NewSocket(int family, int type, int protocol);
}
