namespace NodeMesh.Agent.Resources.Model;

/// <summary>Later requests of a session go where its first one went.</summary>
internal sealed record RouteSessionPersistence
{
    public string? SessionName { get; init; }

    public string? AbsoluteTimeout { get; init; }

    /// <summary>Cookie or Header.</summary>
    public string Type { get; init => field = value ?? "Cookie"; } = "Cookie";

    public SessionCookieConfig? CookieConfig { get; init; }
}

internal sealed record SessionCookieConfig
{
    /// <summary>Session or Permanent.</summary>
    public string LifetimeType { get; init => field = value ?? "Session"; } = "Session";
}
