namespace NodeMesh.TestApp.Serving;

/// <summary>Port 0: this server is off.</summary>
public sealed record ServeOptions
{
    public string Name { get; init; } = "testapp";

    /// <summary>HTTP/1.1.</summary>
    public int Http { get; init; } = 8080;

    /// <summary>HTTP/2 with prior knowledge.</summary>
    public int H2c { get; init; } = 8081;
    public int Grpc { get; init; } = 8082;
    public int Opaque { get; init; } = 9000;
    public int ServerFirst { get; init; } = 2525;
    public int Tls { get; init; } = 8443;

    /// <summary>HTTP/1.1, HTTP/2 and gRPC over TLS, with a certificate of one's own.</summary>
    public int Https { get; init; }

    /// <summary>A file with the certificate and its key, in PEM, for HTTPS.</summary>
    public string? Certificate { get; init; }

    /// <summary>What every HTTP answer says that is not asked to say otherwise; 0: it went well.</summary>
    public int Status { get; init; }

    /// <summary>A file without which it says, when asked over gRPC, that it does not serve; null: it does.</summary>
    public string? Health { get; init; }

    /// <summary>How long every HTTP answer takes that is not asked to take otherwise, in milliseconds.</summary>
    public int Delay { get; init; }
}
