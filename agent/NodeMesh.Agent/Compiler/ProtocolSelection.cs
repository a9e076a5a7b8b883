using System.Collections.Frozen;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Compiler;

/// <summary>What a Service port declares to speak: appProtocol first, then the name of the port. Undeclared: the first bytes decide.</summary>
internal static class ProtocolSelection
{
    private static readonly FrozenDictionary<string, Protocol> ByAppProtocol = new Dictionary<string, Protocol>(StringComparer.OrdinalIgnoreCase)
    {
        ["http"] = Protocol.Http,
        ["http1"] = Protocol.Http,
        ["http2"] = Protocol.Http2,
        ["h2c"] = Protocol.Http2,
        ["kubernetes.io/h2c"] = Protocol.Http2,
        ["grpc"] = Protocol.Grpc,
        ["grpc-web"] = Protocol.Http,
        ["ws"] = Protocol.Websocket,
        ["kubernetes.io/ws"] = Protocol.Websocket,
        ["https"] = Protocol.Tls,
        ["tls"] = Protocol.Tls,
        ["wss"] = Protocol.Tls,
        ["kubernetes.io/wss"] = Protocol.Tls,
        ["tcp"] = Protocol.Opaque,
        ["linkerd.io/opaque"] = Protocol.Opaque,
        ["linkerd.io/tcp"] = Protocol.Opaque,
        ["amqp"] = Protocol.Opaque,
        ["kafka"] = Protocol.Opaque,
        ["ldap"] = Protocol.Opaque,
        ["mongo"] = Protocol.Opaque,
        ["mongodb"] = Protocol.Opaque,
        ["mqtt"] = Protocol.Opaque,
        ["mysql"] = Protocol.Opaque,
        ["nats"] = Protocol.Opaque,
        ["postgres"] = Protocol.Opaque,
        ["postgresql"] = Protocol.Opaque,
        ["redis"] = Protocol.Opaque,
        ["smtp"] = Protocol.Opaque,
        ["ssh"] = Protocol.Opaque,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names that stand alone or before a dash: "http", "grpc-api". Two-part ones are looked up first: "grpc-web-x".</summary>
    private static readonly FrozenDictionary<string, Protocol> ByPortName = ByAppProtocol
        .Where(known => !known.Key.Contains('/')).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <param name="isKnown">False: the port has an appProtocol that nobody here has heard of.</param>
    public static Protocol Of(Resources.Model.ServicePort port, out bool isKnown)
    {
        isKnown = true;
        if (port.AppProtocol is { Length: > 0 } declared)
        {
            isKnown = ByAppProtocol.TryGetValue(declared, out var protocol);
            return protocol;
        }
        return OfName(port.Name);
    }

    private static Protocol OfName(string name)
    {
        if (name.Length == 0)
        {
            return Protocol.Unspecified;
        }
        var first = name.IndexOf('-');
        var second = first < 0 ? -1 : name.IndexOf('-', first + 1);
        return Known(second < 0 ? name : name[..second]) ?? Known(first < 0 ? name : name[..first]) ?? Protocol.Unspecified;
    }

    private static Protocol? Known(string word) => ByPortName.TryGetValue(word, out var protocol) ? protocol : null;
}
