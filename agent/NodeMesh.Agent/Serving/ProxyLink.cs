using System.Net.Sockets;
using System.Runtime.InteropServices;
using Google.Protobuf;
using NodeMesh.Agent.Capture;
using NodeMesh.Contract;
using NodeMesh.Contract.Kernel;

namespace NodeMesh.Agent.Serving;

/// <summary>The socket channel to one proxy process.</summary>
internal sealed class ProxyLink : IDisposable
{
    private readonly PacketSocket _socket;

    public ProxyLink(Socket accepted)
    {
        // A proxy that stands still must not hold up the control loop; it is killed for its missing heartbeat.
        accepted.SendTimeout = 1000;
        _socket = new PacketSocket(accepted);
    }

    /// <summary>0 until it has said Hello.</summary>
    public int Pid { get; private set; }

    public string Version { get; private set; } = "";

    /// <summary>That of its agent; empty when the agent started it.</summary>
    public string Instance { get; private set; } = "";

    public DateTimeOffset Started { get; private set; }

    /// <summary>Whether it has pods from an earlier agent, and connections of theirs.</summary>
    public bool HasPods { get; private set; }

    /// <summary>False once it was told to drain: it gets no more pods.</summary>
    public bool IsServing { get; private set; } = true;

    public void Greeted(Hello hello)
    {
        (Pid, Version, Instance) = (hello.Pid, hello.Version, hello.Instance);
        HasPods = hello.Pods > 0;
        Started = DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(hello.StartedMilliseconds, 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
    }

    /// <summary>Null at the end.</summary>
    public FromProxy? Receive()
    {
        if (_socket.Receive() is not { } packet)
        {
            return null;
        }
        foreach (var index in Enumerable.Range(0, packet.Descriptors.Count))
        {
            packet.File(index).Dispose(); // a proxy has none to give
        }
        return FromProxy.Parser.ParseFrom(packet.Data.Span);
    }

    public void Welcome(string node, SafeHandle? heartbeat) =>
        Send(new FromAgent { Welcome = new Welcome { Node = node } }, heartbeat is null ? [] : [heartbeat]);

    public void AddPod(PodSandbox pod, PodListeners listeners)
    {
        var added = new PodAdded { Netns = pod.Cookie, Id = pod.Id };
        added.Addresses.AddRange(pod.Addresses.Select(a => a.ToString()));
        added.ExcludedInboundPorts.AddRange(pod.Options.ExcludedInboundPorts.Select(p => (uint)p));
        Send(new FromAgent { PodAdded = added }, [listeners.Outbound, listeners.Inbound]);
    }

    public void RemovePod(ulong netns, TimeSpan drain) =>
        Send(new FromAgent { PodRemoved = new PodRemoved { Netns = netns, DrainMilliseconds = (uint)drain.TotalMilliseconds } }, []);

    public void Settled() => Send(new FromAgent { Settled = new Settled() }, []);

    public void Drain(TimeSpan limit)
    {
        IsServing = false;
        Send(new FromAgent { Drain = new Drain { LimitMilliseconds = (uint)limit.TotalMilliseconds } }, []);
    }

    /// <exception cref="IOException">The proxy is gone, or stands still.</exception>
    public void Send(FromAgent message, ReadOnlySpan<SafeHandle> descriptors) => _socket.Send(message.ToByteArray(), descriptors);

    public void Dispose() => _socket.Dispose();
}
