using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using NodeMesh.Agent.Capture.Ebpf.Layout;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture.Ebpf;

/// <summary>The program of pod.bpf.o in one pod's network namespace, and the map with its two listeners.</summary>
internal sealed partial class PodHook(PinDirectory pins, NodeMaps maps, TimeSpan beatLimit, ILogger logger)
{
    private const uint Outbound = 0; // NM_LISTENER_OUTBOUND
    private const uint Inbound = 1;

    /// <summary>Gives new connections to these listeners; replaces the program and the listeners of a predecessor.</summary>
    public void Attach(PodSandbox pod, PodListeners sockets)
    {
        pins.AddPod(pod.Cookie);
        using var program = OpenObject(pod.Cookie, beatLimit);
        foreach (var name in NodeMaps.SharedWithPods)
        {
            program.Reuse(name, maps.Descriptor(name));
        }
        using (var pinned = BpfPin.Open(pins.PodListeners(pod.Cookie)))
        {
            if (pinned is not null && BpfPin.MapShape(pinned) == program.Shape("listeners"))
            {
                program.Reuse("listeners", pinned);
            }
            else
            {
                File.Delete(pins.PodListeners(pod.Cookie));
            }
        }
        program.Load();
        if (!File.Exists(pins.PodListeners(pod.Cookie)))
        {
            program.Pin("listeners", pins.PodListeners(pod.Cookie));
        }

        // The listeners first: a program without them refuses connections.
        using (var listeners = OpenListeners(pod.Cookie)!)
        {
            Put(listeners, Outbound, sockets.Outbound);
            Put(listeners, Inbound, sockets.Inbound);
        }
        Put(maps.OutboundListeners, pod.Cookie, sockets.Outbound);
        Link(pod, program.Program("nm_lookup"));
    }

    public IEnumerable<string> Missing(PodSandbox pod)
    {
        using var link = BpfLink.OpenPinned(pins.PodLink(pod.Cookie));
        if (link?.Target() != Inode.Of(pod.Netns))
        {
            yield return "sk_lookup is not attached to the namespace: somebody removed it";
        }
        using var listeners = OpenListeners(pod.Cookie);
        if (listeners?.Find(Outbound) is null || maps.OutboundListeners.Find(pod.Cookie) is null)
        {
            yield return "the outbound listener is not in the map listeners: it was closed, or the map removed";
        }
        if (listeners?.Find(Inbound) is null)
        {
            yield return "the inbound listener is not in the map listeners: it was closed, or the map removed";
        }
    }

    public void Detach(ulong cookie)
    {
        using (var link = BpfLink.OpenPinned(pins.PodLink(cookie)))
        {
            link?.Detach();
        }
        pins.RemovePod(cookie);
    }

    /// <summary>The kernel detached the program because the namespace is gone, or nothing was ever attached.</summary>
    public bool IsStale(ulong cookie)
    {
        using var link = BpfLink.OpenPinned(pins.PodLink(cookie));
        return link is null || link.Target() == 0;
    }

    public static BpfObject OpenObject(ulong cookie, TimeSpan beatLimit)
    {
        var program = BpfObject.OpenEmbedded("pod.bpf.o");
        program.Configure(new Config { BeatLimitNs = (ulong)beatLimit.TotalNanoseconds, Netns = cookie });
        return program;
    }

    private void Link(PodSandbox pod, int program)
    {
        using (var pinned = BpfLink.OpenPinned(pins.PodLink(pod.Cookie)))
        {
            if (pinned is not null && pinned.Target() == Inode.Of(pod.Netns))
            {
                pinned.Update(program, $"replace sk_lookup in the namespace of pod {pod.Id}");
                return;
            }
        }
        File.Delete(pins.PodLink(pod.Cookie));
        using var link = BpfLink.Create(program, pod.Netns, BpfAttachType.SkLookup, $"attach sk_lookup to the namespace of pod {pod.Id}");
        link.Pin(pins.PodLink(pod.Cookie));
        LogAttached(logger, pod.Id, pod.Cookie);
    }

    private BpfMap<uint, ulong>? OpenListeners(ulong cookie) =>
        BpfPin.Open(pins.PodListeners(cookie)) is { } descriptor ? new BpfMap<uint, ulong>("listeners", descriptor) : null;

    /// <summary>Into a sockmap goes a descriptor; out comes the socket's cookie.</summary>
    private static void Put<TKey>(BpfMap<TKey, ulong> listeners, TKey slot, SafeSocketHandle socket)
        where TKey : unmanaged
    {
        var added = false;
        try
        {
            socket.DangerousAddRef(ref added);
            listeners.Set(slot, (ulong)socket.DangerousGetHandle());
        }
        finally
        {
            if (added)
            {
                socket.DangerousRelease();
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "attached sk_lookup to the namespace of pod {Pod} (cookie {Cookie})")]
    private static partial void LogAttached(ILogger logger, string pod, ulong cookie);
}
