namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>How the end of a message's body is found (RFC 9112 section 6.3).</summary>
internal enum BodyLength
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>Content-Length says it.</summary>
    Declared,

    /// <summary>The last chunk says it, and trailers may follow.</summary>
    Chunked,

    /// <summary>The connection ends with it.</summary>
    UntilClose,
}
