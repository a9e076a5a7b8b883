namespace NodeMesh.Proxy.Detection;

/// <summary>What the first bytes of a connection are.</summary>
internal enum Verdict
{
    /// <summary>Not enough of them to say.</summary>
    Undecided,

    Http1,
    Http2,

    /// <summary>A TLS ClientHello: relayed as bytes.</summary>
    Tls,

    /// <summary>A request to a forward proxy (CONNECT, absolute-form) or about the server itself ("*"): HTTP that must not be touched, so relayed as bytes.</summary>
    ProxyRequest,

    Opaque,
}
