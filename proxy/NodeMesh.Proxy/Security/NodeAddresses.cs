using System.Net;
using System.Net.NetworkInformation;

namespace NodeMesh.Proxy.Security;

/// <summary>The addresses of the machine this proxy runs on, in whose network it is. Bridges come and go with the pods, so they are looked up anew, at most once a second.</summary>
internal sealed class NodeAddresses(TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private Found _found = new([], long.MinValue);

    public bool Contains(IPAddress address)
    {
        var found = Volatile.Read(ref _found);
        if (found.At == long.MinValue || time.GetElapsedTime(found.At) > Fresh)
        {
            found = new Found(LookUp(), time.GetTimestamp());
            Volatile.Write(ref _found, found);
        }
        return found.Addresses.Contains(address);
    }

    private static HashSet<IPAddress> LookUp() =>
        [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(device => device.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)];

    private sealed record Found(HashSet<IPAddress> Addresses, long At);
}
