using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using NodeMesh.Agent.Capture.Ebpf.Layout;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture.Ebpf;

/// <summary>The maps of node.bpf.o, which the pods' programs share. What each holds is said in bpf/.</summary>
internal sealed class NodeMaps : IDisposable
{
    /// <summary>All of them, by their names in bpf/ and as pins.</summary>
    public static readonly IReadOnlyList<string> Names = ["pods", "counters", "heartbeat", "excluded_cidrs", "mesh_sockets", "outbound_listeners", "probes", "probe_dials"];

    /// <summary>Those that pod.bpf.o uses, too.</summary>
    public static readonly IReadOnlyList<string> SharedWithPods = ["pods", "counters", "heartbeat", "probe_dials"];

    private readonly Dictionary<string, SafeFileHandle> _descriptors;

    public NodeMaps(IReadOnlyDictionary<string, SafeFileHandle> descriptors)
    {
        _descriptors = new(descriptors);
        Pods = new("pods", _descriptors["pods"]);
        Counters = new("counters", _descriptors["counters"], CounterEntry.Count);
        Heartbeat = new("heartbeat", _descriptors["heartbeat"]);
        ExcludedCidrs = new("excluded_cidrs", _descriptors["excluded_cidrs"]);
        MeshSockets = new("mesh_sockets", _descriptors["mesh_sockets"]);
        OutboundListeners = new("outbound_listeners", _descriptors["outbound_listeners"]);
        Probes = new("probes", _descriptors["probes"]);
    }

    public BpfMap<ulong, PodEntry> Pods { get; }

    public BpfPerCpuMap<ulong> Counters { get; }

    public BpfMap<uint, ulong> Heartbeat { get; }

    public BpfMap<CidrKey, byte> ExcludedCidrs { get; }

    public BpfMap<int, byte> MeshSockets { get; }

    /// <summary>Into it goes a descriptor; out comes the socket's cookie.</summary>
    public BpfMap<ulong, ulong> OutboundListeners { get; }

    public BpfMap<ProbeKey, ProbeEntry> Probes { get; }

    public SafeFileHandle Descriptor(string name) => _descriptors[name];

    /// <summary>Makes these the pod's excluded networks: adds what is new, then deletes what is left over.</summary>
    public void ExcludeCidrs(ulong cookie, IEnumerable<CidrKey> wanted)
    {
        var keys = wanted.ToList();
        foreach (var key in keys)
        {
            ExcludedCidrs.Set(key, 1);
        }
        foreach (var key in ExcludedCidrs.Keys())
        {
            if (key.Netns == cookie && !keys.Exists(other => other.SameAs(key)))
            {
                ExcludedCidrs.Remove(key);
            }
        }
    }

    /// <summary>Makes these the pod's probes.</summary>
    public void Probe(ulong cookie, IReadOnlyList<IPAddress> addresses, IReadOnlyList<ProbePort> ports)
    {
        var keys = new List<ProbeKey>();
        foreach (var address in addresses)
        {
            foreach (var port in ports)
            {
                var key = ProbeKey.From(address, port.Port);
                keys.Add(key);
                Probes.Set(key, ProbeEntry.From(cookie, port));
            }
        }
        foreach (var key in Probes.Keys())
        {
            if (Probes.Find(key) is { } entry && entry.Netns == cookie && !keys.Exists(other => other.SameAs(key)))
            {
                Probes.Remove(key);
            }
        }
    }

    /// <summary>Everything known of a pod; its entry, which switches capture on, first.</summary>
    public void Forget(ulong cookie)
    {
        Pods.Remove(cookie);
        ExcludeCidrs(cookie, []);
        Probe(cookie, [], []);
        Counters.Remove(cookie);
        OutboundListeners.Remove(cookie);
    }

    public void Own(SafeHandle socket)
    {
        var added = false;
        try
        {
            socket.DangerousAddRef(ref added);
            MeshSockets.Set((int)socket.DangerousGetHandle(), 1);
        }
        finally
        {
            if (added)
            {
                socket.DangerousRelease();
            }
        }
    }

    public void Dispose()
    {
        foreach (var descriptor in _descriptors.Values)
        {
            descriptor.Dispose();
        }
    }
}
