namespace NodeMesh.Proxy.Routing;

/// <summary>What a request's route depends on, of any HTTP version and any engine.</summary>
/// <param name="Target">As it came: path and query, not decoded.</param>
/// <param name="Authority">Host or :authority; empty where there was none.</param>
/// <param name="Fields">null: it has none.</param>
internal readonly record struct RequestHead(string Method, string Target, string Authority, bool IsGrpc, IRequestFields? Fields = null)
{
    public ReadOnlySpan<char> Path => Target.IndexOf('?') is var query && query < 0 ? Target : Target.AsSpan(0, query);

    /// <summary>Without the question mark.</summary>
    public ReadOnlySpan<char> Query => Target.IndexOf('?') is var query && query < 0 ? default : Target.AsSpan(query + 1);

    public string? Field(string name) =>
        Fields?.Find(name) ?? (Authority.Length > 0 && name.Equals("host", StringComparison.OrdinalIgnoreCase) ? Authority : null);
}
