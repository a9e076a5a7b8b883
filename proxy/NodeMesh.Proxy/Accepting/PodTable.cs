using System.Collections.Frozen;
using System.Net;

namespace NodeMesh.Proxy.Accepting;

/// <summary>The captured pods of this node, by address. Written by the socket channel, read by everyone.</summary>
internal sealed class PodTable
{
    private readonly Lock _writing = new();
    private volatile FrozenDictionary<IPAddress, LocalPod> _byAddress = FrozenDictionary<IPAddress, LocalPod>.Empty;
    private volatile FrozenDictionary<ulong, LocalPod> _byNetns = FrozenDictionary<ulong, LocalPod>.Empty;

    public IEnumerable<LocalPod> All => _byNetns.Values;

    /// <summary>The captured pod that has this address; null: none on this node.</summary>
    public LocalPod? Find(IPAddress address) => _byAddress.GetValueOrDefault(address);

    public LocalPod? Find(ulong netns) => _byNetns.GetValueOrDefault(netns);

    public void Add(LocalPod pod)
    {
        lock (_writing)
        {
            Publish([.. _byNetns.Values.Where(other => other.Netns != pod.Netns), pod]);
        }
    }

    public void Remove(LocalPod pod)
    {
        lock (_writing)
        {
            Publish([.. _byNetns.Values.Where(other => other != pod)]);
        }
    }

    private void Publish(LocalPod[] pods)
    {
        // An address that moved to a new sandbox belongs to the one announced last.
        var byAddress = new Dictionary<IPAddress, LocalPod>();
        foreach (var pod in pods)
        {
            foreach (var address in pod.Addresses)
            {
                byAddress[address] = pod;
            }
        }
        _byNetns = pods.ToFrozenDictionary(pod => pod.Netns);
        _byAddress = byAddress.ToFrozenDictionary();
    }
}
