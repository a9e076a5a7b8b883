namespace NodeMesh.Proxy.Telemetry;

/// <summary>The words that <see cref="Reason"/> has outside: in the nodemesh-error header, in metrics and in logs.</summary>
internal static class ReasonWords
{
    /// <summary>How many there are: reasons are small and dense, so that they may index an array.</summary>
    public const int Count = (int)Reason.PodGone + 1;

    private static readonly string[] Words =
        ["", "no_endpoints", "upstream_connect", "upstream_reset", "downstream_reset", "overloaded", "protocol_error", "pod_gone"];

    /// <summary>Empty for <see cref="Reason.None"/>.</summary>
    public static string Word(this Reason reason) => Words[(int)reason];
}
