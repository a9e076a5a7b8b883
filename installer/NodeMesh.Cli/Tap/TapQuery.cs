namespace NodeMesh.Cli.Tap;

/// <summary>What is to be watched, as the agents are asked for it.</summary>
/// <param name="Target">pod/NAME, service/NAME, or the NAME of either; null: everything.</param>
internal sealed record TapQuery(string? Target, string Namespace, string? Path, string? Method, string? Status, string? Header, int? Rate)
{
    /// <summary>The path and query of the agents' admin ports.</summary>
    public string ToPath()
    {
        var (kind, name) = Target?.Split('/') switch
        {
            null => ("", ""),
            [var one] => ("", one),
            [var prefix, .. var rest] => (prefix, string.Join('/', rest)),
            _ => ("", ""),
        };
        var isPod = kind is "" or "pod" or "po";
        var isService = kind is "" or "service" or "svc";
        var parts = new List<(string Name, string? Value)>
        {
            ("pod", name.Length > 0 && isPod ? $"{Namespace}/{name}" : null),
            ("service", name.Length > 0 && isService ? $"{Namespace}/{name}" : null),
            ("path", Path), ("method", Method?.ToUpperInvariant()), ("status", Status), ("header", Header), ("rate", Rate?.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        };
        return "tap?" + string.Join('&', parts.Where(part => part.Value is { Length: > 0 }).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value!)}"));
    }

    /// <summary>null: it is well.</summary>
    public static string? Complaint(string target) =>
        target.Split('/') is [_] or ["pod" or "po" or "service" or "svc", { Length: > 0 }] ? null : $"\"{target}\" is neither pod/NAME nor service/NAME nor a NAME";
}
