using NodeMesh.Contract;

namespace NodeMesh.Proxy.Detection;

/// <summary>How a connection is looked at, from what its destination declares and is remembered to speak.</summary>
/// <param name="Looks">False: nothing is peeked at, it is opaque.</param>
/// <param name="DialAfterMilliseconds">When to dial although the client has not spoken; null: never.</param>
/// <param name="SilenceIsOpaque">A client that stays silent after the server accepted makes the connection opaque.</param>
/// <param name="Otherwise">What bytes that are neither HTTP nor TLS count as.</param>
internal readonly record struct DetectionPlan(bool Looks, int? DialAfterMilliseconds, bool SilenceIsOpaque, Verdict Otherwise)
{
    /// <summary>After this long without a byte from a client it counts as silent.</summary>
    public const int SilenceMilliseconds = 100;

    /// <summary>How long a beginning that may become HTTP or TLS is waited for.</summary>
    public const int PartialMilliseconds = 3_000;

    // A client's first bytes nearly always follow its handshake at once: waiting that long saves the server
    // of an HTTP client an empty connection, and no human notices it on the first connection to a server that speaks first.
    private const int UnknownMilliseconds = 5;

    // Known to be HTTP: the client is probably a pool that connects in advance. If it is not, because the address
    // has a new owner, it must not wait for ever.
    private const int HttpMilliseconds = 1_000;

    /// <summary>A port that speaks TLS, and where the server name says whom to dial.</summary>
    public static DetectionPlan ForServerName { get; } = new(true, null, false, Verdict.Opaque);

    public static DetectionPlan For(Protocol declared, Verdict remembered) => declared switch
    {
        Protocol.Opaque or Protocol.Tls => new(false, 0, true, Verdict.Opaque),
        // Whoever declares HTTP gets 400 for what is none; TLS on such a port is relayed.
        Protocol.Http or Protocol.Http2 or Protocol.Grpc or Protocol.Websocket => new(true, null, false, Verdict.Http1),
        _ => remembered switch
        {
            Verdict.Http1 or Verdict.Http2 => new(true, HttpMilliseconds, false, Verdict.Opaque),
            Verdict.Tls or Verdict.Opaque => new(true, 0, true, Verdict.Opaque),
            _ => new(true, UnknownMilliseconds, true, Verdict.Opaque),
        },
    };
}
