namespace NodeMesh.Proxy.Security;

/// <param name="Policy">Which denied it; empty: none allowed it.</param>
internal readonly record struct AccessDecision(Access Access, string Policy)
{
    public static AccessDecision Allowed { get; } = new(Access.Allowed, "");
}
