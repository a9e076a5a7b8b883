namespace NodeMesh.Cli.Traffic;

/// <summary>A flow as tables show it.</summary>
/// <param name="Rate">HTTP requests, or opaque connections, a second.</param>
/// <param name="Success">Share of them that ended well; null when none ended.</param>
/// <param name="Security">What protected them lately, else ever: plaintext, app_tls, mesh_tls.</param>
/// <param name="Sent">Bytes towards the destination, in all.</param>
/// <param name="Received">Bytes from it, in all.</param>
internal sealed record FlowRow(FlowKey Key, bool IsGrpc, bool HasRequests, IReadOnlyList<string> Security, double Rate, double? Success, TimeSpan? Median, TimeSpan? Percentile99, double Sent, double Received)
{
    public static FlowRow From(FlowKey key, FlowTotals all, FlowTotals recent, double seconds)
    {
        var hasRequests = all.Requests > 0;
        var (ended, good) = hasRequests ? (recent.Requests, recent.Succeeded) : (recent.Closed, recent.Closed - recent.Broken);
        return new FlowRow(
            key,
            all.IsGrpc,
            hasRequests,
            Securities(recent) is { Count: > 0 } lately ? lately : Securities(all),
            (hasRequests ? recent.Requests : recent.Opened) / seconds,
            ended > 0 ? good / ended : null,
            Time(recent.Latency.Quantile(0.5)),
            Time(recent.Latency.Quantile(0.99)),
            all.Sent,
            all.Received);
    }

    private static List<string> Securities(FlowTotals totals) => [.. totals.Secured.Where(security => security.Value > 0 && security.Key.Length > 0).Select(security => security.Key).Order(StringComparer.Ordinal)];

    private static TimeSpan? Time(double? seconds) => seconds is { } value ? TimeSpan.FromSeconds(value) : null;
}
