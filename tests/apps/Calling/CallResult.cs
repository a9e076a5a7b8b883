namespace NodeMesh.TestApp.Calling;

/// <summary>What a client saw: its own socket's getsockname and getpeername, and the server's word on the same connection.</summary>
public sealed record CallResult
{
    public int Id { get; init; }
    public bool Ok { get; init; }

    /// <summary>A SocketError by name (ConnectionRefused, ConnectionReset, …), or what else was wrong.</summary>
    public string? Error { get; init; }
    public string Local { get; init; } = "";
    public string Peer { get; init; } = "";
    public double Milliseconds { get; init; }

    public int Status { get; init; }
    public string? Protocol { get; init; }
    public Dictionary<string, string>? Headers { get; init; }
    public Dictionary<string, string>? Trailers { get; init; }

    /// <summary>Greeting, reply, texts of a stream joined by a blank, or a body that is not JSON.</summary>
    public string? Text { get; init; }

    /// <summary>The subject of the certificate that ended the client's TLS.</summary>
    public string? Certificate { get; init; }
    public long Bytes { get; init; }
    public Seen? Server { get; init; }

    /// <summary>many, load: how many went well, how many did not.</summary>
    public long Good { get; init; }
    public long Bad { get; init; }

    /// <summary>load: answers by pod.</summary>
    public Dictionary<string, long>? Pods { get; init; }
}
