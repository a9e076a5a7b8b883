namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>What was found out while a route was compiled.</summary>
internal sealed class RouteFindings
{
    private readonly List<(string Reason, string Message)> _unresolved = [];
    private readonly List<(int Rule, string Reason, string Message)> _invalid = [];

    /// <summary>Services that were looked up, whether found or not: when one changes, the route must be compiled again.</summary>
    public HashSet<string> Services { get; } = new(StringComparer.Ordinal);

    /// <summary>Other namespaces that were referred to: when a grant there changes, the route must be compiled again.</summary>
    public HashSet<string> Namespaces { get; } = new(StringComparer.Ordinal);

    public void Unresolved(string reason, string message) => _unresolved.Add((reason, message));

    /// <param name="message">What is wrong, and what becomes of the rule.</param>
    public void Invalid(int rule, string reason, string message) => _invalid.Add((rule, reason, message));

    /// <param name="rules">How many the route has.</param>
    public RouteCondition? Refusal(int rules) => _invalid.Count > 0 && _invalid.Select(finding => finding.Rule).Distinct().Count() == rules
        ? new RouteCondition(RouteCondition.Accepted, false, _invalid[0].Reason, Message())
        : null;

    public RouteCondition? PartiallyInvalid(int rules) => _invalid.Count == 0 || Refusal(rules) is not null
        ? null
        : new RouteCondition(RouteCondition.PartiallyInvalid, true, _invalid[0].Reason, $"Dropped Rule: {Message()}");

    public RouteCondition References() => _unresolved.Count == 0
        ? new RouteCondition(RouteCondition.ResolvedRefs, true, RouteReason.ResolvedRefs, "all references are resolved")
        : new RouteCondition(RouteCondition.ResolvedRefs, false, _unresolved[0].Reason, string.Join("; ", _unresolved.Select(finding => finding.Message)));

    private string Message() => string.Join("; ", _invalid.Select(finding => $"rule {finding.Rule}: {finding.Message}"));
}
