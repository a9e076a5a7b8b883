using System.Net;
using System.Net.Sockets;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>
/// Addresses as Kubernetes writes them. The parser of .NET alone also takes "1", "0x7f.1", "[::1]" and "010.0.0.1", which people read differently.
/// </summary>
internal static class Addresses
{
    /// <summary>An address that a pod or a Service can have: unicast, not loopback, no zone, not v4-mapped.</summary>
    public static bool TryParse(string text, out IPAddress address)
    {
        if (!TryParseAny(text, out address))
        {
            return false;
        }
        return !IPAddress.IsLoopback(address) && !address.IsIPv6Multicast && !address.IsIPv4MappedToIPv6
            && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
            && !(address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] >= 224);
    }

    /// <summary>A CIDR, or an address that stands for itself alone. Bits behind the prefix are cleared.</summary>
    public static bool TryParseNetwork(string text, out IPNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/');
        if (!TryParseAny(slash < 0 ? text : text[..slash], out var address))
        {
            return false;
        }
        var bytes = address.GetAddressBytes();
        var bits = bytes.Length * 8;
        var length = bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out length) || length > bits))
        {
            return false;
        }
        for (var bit = length; bit < bits; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }
        network = new IPNetwork(new IPAddress(bytes), length);
        return true;
    }

    private static bool TryParseAny(string text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.AsSpan().IndexOfAny('[', '%') >= 0 || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }
        address = parsed;
        return address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text;
    }
}
