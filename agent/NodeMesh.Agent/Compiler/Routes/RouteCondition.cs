namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>A condition without its time, which is that of whoever writes it down.</summary>
/// <param name="Type">Accepted, ResolvedRefs or PartiallyInvalid.</param>
internal sealed record RouteCondition(string Type, bool Status, string Reason, string Message)
{
    public const string Accepted = "Accepted";
    public const string ResolvedRefs = "ResolvedRefs";
    public const string PartiallyInvalid = "PartiallyInvalid";

    /// <summary>Not as it was meant: False, but for PartiallyInvalid, which is bad news when True.</summary>
    public bool IsTrouble => Status == (Type == PartiallyInvalid);
}
