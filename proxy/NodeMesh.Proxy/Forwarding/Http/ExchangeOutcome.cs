using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>How the exchange of a request and its response with an upstream went.</summary>
/// <param name="Status">What the downstream got; 0: not a whole response.</param>
/// <param name="GrpcStatus">The grpc-status that came; null: none.</param>
/// <param name="HasAnswer">False: the downstream has nothing of a response yet, and may be answered otherwise, with <paramref name="Status"/>.</param>
internal readonly record struct ExchangeOutcome(int Status, string? GrpcStatus, Reason Reason, bool HasAnswer)
{
    /// <summary>The upstream could not be reached, or broke off before it answered.</summary>
    public bool BlamesUpstream => !HasAnswer && Status >= 500 && Reason != Reason.CircuitOpen;

    /// <summary>The downstream got the upstream's response.</summary>
    public static ExchangeOutcome Answered(int status, string? grpcStatus = null) => new(status, grpcStatus, Reason.None, HasAnswer: true);

    /// <summary>The response, or the downstream, broke off; the other side has been told.</summary>
    public static ExchangeOutcome BrokenOff(Reason reason) => new(0, null, reason, HasAnswer: true);

    /// <summary>The upstream did not answer.</summary>
    /// <param name="status">What the mesh should say instead.</param>
    public static ExchangeOutcome Unanswered(int status, Reason reason) => new(status, null, reason, HasAnswer: false);
}
