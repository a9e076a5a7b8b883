using System.Net.Sockets;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Validation;

internal static class EndpointSliceRules
{
    public static void Check(EndpointSlice slice, FieldErrors errors)
    {
        if (slice.AddressType is not ("IPv4" or "IPv6" or "FQDN"))
        {
            errors.Add("addressType", slice.AddressType.Length == 0 ? "is missing" : $"\"{slice.AddressType}\" is not IPv4, IPv6 or FQDN");
            return;
        }
        var family = slice.AddressType == "IPv4" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        for (var i = 0; i < slice.Endpoints.Count; i++)
        {
            if (slice.Endpoints[i].Addresses is not [var text, ..])
            {
                errors.Add($"endpoints[{i}].addresses", "is empty");
            }
            else if (slice.AddressType != "FQDN" && !(Addresses.TryParse(text, out var address) && address.AddressFamily == family))
            {
                errors.Add($"endpoints[{i}].addresses[0]", $"\"{text}\" is no unicast {slice.AddressType} address");
            }
        }
        for (var i = 0; i < slice.Ports.Count; i++)
        {
            if (slice.Ports[i].Port is { } port)
            {
                ResourceRules.CheckPort($"ports[{i}].port", port, errors);
            }
            ResourceRules.CheckProtocol($"ports[{i}].protocol", slice.Ports[i].Protocol, errors);
        }
    }
}
