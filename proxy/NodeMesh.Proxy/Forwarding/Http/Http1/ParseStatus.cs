namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>What a parser made of the bytes so far.</summary>
internal enum ParseStatus
{
    /// <summary>Right so far, and not the end.</summary>
    Incomplete,

    Complete,

    /// <summary>Nothing that may follow makes it right.</summary>
    Malformed,
}
