using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>
/// Network namespaces by descriptor. The name of a namespace for its life is its <see cref="Cookie"/>: its inode number goes
/// to the next namespace as soon as this one is gone.
/// </summary>
internal static class Netns
{
    /// <summary>Where ip-netns(8) and container runtimes keep the namespaces that have a name.</summary>
    public const string NamedDirectory = "/run/netns";

    // This process's own namespace; static, so that it is opened before the first thread of ours moves.
    public static readonly SafeFileHandle Own = OpenPath("/proc/thread-self/ns/net");

    // Where the current thread is when not at home, so that a Run within a Run comes back to the outer one.
    [ThreadStatic]
    private static SafeFileHandle? _current;

    /// <summary>Opens a namespace by its name under <see cref="NamedDirectory"/> or by a path that starts with '/'.</summary>
    /// <exception cref="IOException">There is none, or it is something else.</exception>
    public static SafeFileHandle Open(string nameOrPath)
    {
        var path = nameOrPath.StartsWith('/') ? nameOrPath : Path.Combine(NamedDirectory, nameOrPath);
        if (!nameOrPath.StartsWith('/') && (nameOrPath.Contains('/') || nameOrPath is "" or "." or ".."))
        {
            throw new IOException($"\"{nameOrPath}\" names no network namespace: give a name under {NamedDirectory} or a path that starts with /");
        }
        return OpenPath(path);
    }

    /// <summary>
    /// Runs <paramref name="work"/> with the current thread in the namespace: sockets, netlink and /proc/sys/net are then its own.
    /// The work must not await nor hand over to another thread. Costs two setns calls, about 3 us.
    /// </summary>
    public static T Run<T>(SafeFileHandle netns, Func<T> work)
    {
        var home = _current ?? Own;
        if (SocketCalls.SetNamespace(netns, SocketCalls.CloneNewNet) < 0)
        {
            throw KernelException.Last("cannot enter the network namespace (this needs CAP_SYS_ADMIN)");
        }
        _current = netns;
        try
        {
            return work();
        }
        finally
        {
            // A pool thread left behind in a pod's namespace would open the next thing, whatever it is, in there.
            if (SocketCalls.SetNamespace(home, SocketCalls.CloneNewNet) < 0)
            {
                Environment.FailFast("a thread cannot return to its network namespace", KernelException.Last("setns"));
            }
            _current = ReferenceEquals(home, Own) ? null : home;
        }
    }

    /// <inheritdoc cref="Run{T}"/>
    public static void Run(SafeFileHandle netns, Action work) => Run(netns, () =>
    {
        work();
        return true;
    });

    /// <summary>SO_NETNS_COOKIE (kernel 5.14, and 5.10 with the usual backports): never used twice until the machine restarts.</summary>
    public static ulong Cookie(SafeFileHandle netns) => Run(netns, () =>
    {
        using var socket = SocketCalls.Socket(SocketCalls.AfInet, SocketCalls.SockDatagram, 0, "a socket to ask for the namespace cookie");
        var length = sizeof(ulong);
        return SocketCalls.GetOption(socket, SocketCalls.SolSocket, SocketCalls.SoNetnsCookie, out var cookie, ref length) < 0
            ? throw KernelException.Last("cannot read SO_NETNS_COOKIE (kernel 5.14 or newer has it)")
            : cookie;
    });

    /// <summary>
    /// Whether this is a namespace capture must never touch: the machine's (that of process 1), or the one this agent runs in,
    /// which plays the machine where several agents share one kernel.
    /// </summary>
    public static bool IsHost(SafeFileHandle netns)
    {
        if (Identity(netns) == Identity(Own))
        {
            return true;
        }
        using var init = SocketCalls.Open(HostProc.Path("1/ns/net"), SocketCalls.OpenReadOnly | SocketCalls.OpenCloseOnExec);
        return !init.IsInvalid && Identity(netns) == Identity(init);
    }

    /// <summary>The global addresses of the namespace's interfaces, IPv4 first, each in the kernel's order.</summary>
    public static IReadOnlyList<IPAddress> Addresses(SafeFileHandle netns)
    {
        using var netlink = RouteNetlink.Open(netns);
        return [.. netlink.Addresses(AddressFamily.InterNetwork), .. netlink.Addresses(AddressFamily.InterNetworkV6)];
    }

    /// <summary>Whether IPv6 packets can go over lo: the kernel has IPv6 and the namespace's lo has it on.</summary>
    public static bool LoopbackHasIPv6(SafeFileHandle netns) => Run(netns, () =>
    {
        const string File = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";
        return System.IO.File.Exists(File) && System.IO.File.ReadAllText(File).Trim() == "0";
    });

    private static SafeFileHandle OpenPath(string path)
    {
        var handle = SocketCalls.Open(path, SocketCalls.OpenReadOnly | SocketCalls.OpenCloseOnExec);
        if (handle.IsInvalid)
        {
            throw KernelException.Last($"cannot open the network namespace {path}");
        }
        // A name whose bind mount is gone is left behind as an empty file.
        if (SocketCalls.Ioctl(handle, SocketCalls.NsGetNsType) != SocketCalls.CloneNewNet)
        {
            handle.Dispose();
            throw new IOException($"{path} is not a network namespace (a name left behind by one that is gone? then delete the file)");
        }
        return handle;
    }

    // "net:[4026531840]": all namespaces live on the kernel's one nsfs, so that the inode alone tells them apart.
    private static string Identity(SafeFileHandle netns)
    {
        var added = false;
        try
        {
            netns.DangerousAddRef(ref added);
            return new FileInfo($"/proc/self/fd/{netns.DangerousGetHandle()}").LinkTarget ?? throw new IOException("/proc/self/fd is not readable");
        }
        finally
        {
            if (added)
            {
                netns.DangerousRelease();
            }
        }
    }
}
