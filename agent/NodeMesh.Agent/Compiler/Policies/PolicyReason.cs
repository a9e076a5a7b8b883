namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>The reasons of conditions: those of the Gateway API for policies.</summary>
internal static class PolicyReason
{
    public const string Accepted = "Accepted";
    public const string Conflicted = "Conflicted";
    public const string Invalid = "Invalid";
    public const string TargetNotFound = "TargetNotFound";
}
