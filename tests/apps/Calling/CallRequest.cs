namespace NodeMesh.TestApp.Calling;

/// <summary>One call of a client. Not every field means something to every kind.</summary>
public sealed record CallRequest
{
    /// <summary>Answers carry it; for the shell.</summary>
    public int Id { get; init; }

    /// <summary>http, h2c, websocket, grpc, opaque, server-first, tls, bulk, half-close, bye, reset, abort, many, load; kept connections: open, send, finish, drop.</summary>
    public string Kind { get; init; } = "";

    /// <summary>ADDRESS:PORT or [ADDRESS]:PORT.</summary>
    public string Target { get; init; } = "";
    public int TimeoutMilliseconds { get; init; } = 10_000;

    public string Method { get; init; } = "GET";
    public string Path { get; init; } = "/";
    public string? Host { get; init; }

    /// <summary>"name: value"</summary>
    public string[] Headers { get; init; } = [];
    public int BodySize { get; init; }

    /// <summary>gRPC: unary, server-stream, client-stream, bidi.</summary>
    public string Rpc { get; init; } = "unary";

    /// <summary>gRPC: the status to be answered.</summary>
    public int Status { get; init; }
    public string Sni { get; init; } = "testapp.example";

    /// <summary>Payload of opaque, server-first, tls and gRPC calls; what a kept connection sends.</summary>
    public string Text { get; init; } = "hello";

    /// <summary>bulk: bytes to send and to receive.</summary>
    public long Up { get; init; }
    public long Down { get; init; }

    /// <summary>Names what the server keeps of this connection; names a kept connection.</summary>
    public string Token { get; init; } = "";

    /// <summary>many: connections; load: workers.</summary>
    public int Count { get; init; } = 1;

    /// <summary>load: what each worker does again and again (http, h2c, grpc, opaque), and for how long.</summary>
    public string Of { get; init; } = "http";
    public int DurationMilliseconds { get; init; } = 1000;

    public uint? Mark { get; init; }
    public uint? MarkAfter { get; init; }
    public string? Device { get; init; }

    /// <summary>Dials ::ffff:a.b.c.d from an IPv6 socket, as Java does.</summary>
    public bool Mapped { get; init; }
    public bool FastOpen { get; init; }
}
