namespace NodeMesh.Proxy.Resilience;

/// <summary>Which limit had no room, and for how long it will have none.</summary>
internal sealed record RateLimitRefusal(string Policy, string Limit, uint Requests, TimeSpan Per, TimeSpan Wait)
{
    /// <summary>Whole seconds, as HTTP counts: not so few that the client comes back in vain.</summary>
    public long WaitSeconds => Math.Max(1, (long)Math.Ceiling(Wait.TotalSeconds));

    /// <summary>The value of the field RateLimit-Policy.</summary>
    public string PolicyField => $"\"{Limit}\";q={Requests};w={Math.Max(1, (long)Per.TotalSeconds)}";

    /// <summary>The value of the field RateLimit.</summary>
    public string Field => $"\"{Limit}\";r=0;t={WaitSeconds}";
}
