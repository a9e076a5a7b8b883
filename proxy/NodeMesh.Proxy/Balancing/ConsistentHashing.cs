using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Balancing;

/// <summary>
/// Sends what has the same key to the same endpoint, by rendezvous: each endpoint is weighed with the key, and the heaviest has it. An endpoint that
/// comes or goes moves its own share alone, every node decides alike, and there is no table to keep.
/// </summary>
internal static class ConsistentHashing
{
    /// <summary>null: the request has no such thing.</summary>
    public static string? Key(HashKey key, in PickFacts facts) => key.KeyCase switch
    {
        HashKey.KeyOneofCase.Header => facts.IsRequest ? facts.Head.Field(key.Header) : null,
        HashKey.KeyOneofCase.Cookie => facts.IsRequest && facts.Head.Field("cookie") is { } cookies ? Cookie(cookies, key.Cookie) : null,
        HashKey.KeyOneofCase.Query => facts.IsRequest ? QueryString.Find(facts.Head.Query, key.Query) : null,
        _ => facts.Client?.ToString(),
    };

    /// <param name="boundPercent">0: whatever its load.</param>
    public static EndpointEntry Pick(EndpointEntry[] endpoints, string key, uint boundPercent)
    {
        var hash = Hash(key);
        var most = boundPercent == 0 ? int.MaxValue : Bound(endpoints, boundPercent);
        EndpointEntry? best = null;
        EndpointEntry? bestOfAll = null;
        ulong weight = 0;
        ulong weightOfAll = 0;
        foreach (var endpoint in endpoints)
        {
            var now = Mix(hash ^ AddressHash(endpoint));
            if (bestOfAll is null || now > weightOfAll)
            {
                (bestOfAll, weightOfAll) = (endpoint, now);
            }
            if ((best is null || now > weight) && endpoint.Load.Pending < most)
            {
                (best, weight) = (endpoint, now);
            }
        }
        return best ?? bestOfAll!;
    }

    // The load that none may pass: so much more than the average, the request at hand included.
    private static int Bound(EndpointEntry[] endpoints, uint percent)
    {
        var pending = 1L;
        foreach (var endpoint in endpoints)
        {
            pending += endpoint.Load.Pending;
        }
        return (int)Math.Ceiling(pending * percent / 100.0 / endpoints.Length);
    }

    private static string? Cookie(string cookies, string name)
    {
        foreach (var part in cookies.Split(';', StringSplitOptions.TrimEntries))
        {
            if (part.Length > name.Length && part[name.Length] == '=' && part.StartsWith(name, StringComparison.Ordinal))
            {
                return part[(name.Length + 1)..];
            }
        }
        return null;
    }

    private static ulong AddressHash(EndpointEntry endpoint)
    {
        var key = AddressKey.From(endpoint.Address);
        return Mix(key.High ^ Mix(key.Low ^ (ulong)key.Port));
    }

    // FNV-1a: the same on every node and in every run, unlike string.GetHashCode.
    private static ulong Hash(string key)
    {
        var hash = 14_695_981_039_346_656_037;
        foreach (var character in key)
        {
            hash = (hash ^ character) * 1_099_511_628_211;
        }
        return hash;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
