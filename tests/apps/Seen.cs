using System.Net;
using System.Net.Sockets;

namespace NodeMesh.TestApp;

/// <summary>What a server saw of a connection or request: who it is, and its accepted socket's getsockname and getpeername.</summary>
public sealed record Seen
{
    public string Pod { get; init; } = "";
    public string Local { get; init; } = "";
    public string Peer { get; init; } = "";
    public string? Method { get; init; }
    public string? RawTarget { get; init; }
    public string? Protocol { get; init; }
    public string? Host { get; init; }
    public Dictionary<string, string>? Headers { get; init; }
    public long Bytes { get; init; }
    public string? Sha256 { get; init; }
    public string? Sni { get; init; }

    /// <summary>How a watched connection ended: "fin" or "reset"; null while it is open or unknown.</summary>
    public string? Ending { get; init; }

    public static Seen Of(string pod, Socket socket) => new()
    {
        Pod = pod,
        Local = Text(socket.LocalEndPoint),
        Peer = Text(socket.RemoteEndPoint),
    };

    /// <summary>Servers listen dual-stack: an IPv4 peer is written as IPv4.</summary>
    public static string Text(EndPoint? endpoint) => endpoint is IPEndPoint { Address: var address, Port: var port }
        ? new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port).ToString()
        : "";
}
