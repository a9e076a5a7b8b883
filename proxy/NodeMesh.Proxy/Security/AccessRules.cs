using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Security;

/// <summary>
/// All authorisations that count for one port of one pod, or for one rule of a route. A denial that matches refuses; otherwise, if there are any that allow, one of them must match.
/// Immutable.
/// </summary>
/// <param name="all">In any order; at least one.</param>
internal sealed class AccessRules(IReadOnlyList<AuthorizationEntry> all)
{
    private readonly AuthorizationEntry[] _denials = [.. all.Where(entry => entry.Action == AuthorizationAction.Deny)];
    private readonly AuthorizationEntry[] _allowances = [.. all.Where(entry => entry.Action == AuthorizationAction.Allow)];
    private readonly AuthorizationEntry[] _audits = [.. all.Where(entry => entry.Action == AuthorizationAction.Audit)];

    /// <summary>null: there are none, so everybody may.</summary>
    public static AccessRules? Of(IReadOnlyList<AuthorizationEntry> all) => all.Count == 0 ? null : new AccessRules(all);

    /// <summary>By the connection alone.</summary>
    public AccessDecision Decide(in AccessFacts facts)
    {
        var depends = false;
        foreach (var denial in _denials)
        {
            switch (denial.Match(facts))
            {
                case Certainty.Yes:
                    return new AccessDecision(Access.Denied, denial.Policy);
                case Certainty.Perhaps:
                    depends = true;
                    break;
            }
        }
        var allowed = _allowances.Length == 0 ? Certainty.Yes : Certainty.No;
        foreach (var allowance in _allowances)
        {
            var match = allowance.Match(facts);
            allowed = match > allowed ? match : allowed;
        }
        return allowed == Certainty.No ? new AccessDecision(Access.Denied, "")
            : depends || allowed == Certainty.Perhaps ? new AccessDecision(Access.DependsOnRequest, "")
            : AccessDecision.Allowed;
    }

    /// <summary>For one that is no HTTP: what an allowing rule demands of requests is not met, what a denying one says of them is taken as met.</summary>
    public AccessDecision DecideOpaque(in AccessFacts facts)
    {
        foreach (var denial in _denials)
        {
            if (denial.Match(facts) != Certainty.No)
            {
                return new AccessDecision(Access.Denied, denial.Policy);
            }
        }
        foreach (var allowance in _allowances)
        {
            if (allowance.Match(facts) == Certainty.Yes)
            {
                return AccessDecision.Allowed;
            }
        }
        return _allowances.Length == 0 ? AccessDecision.Allowed : new AccessDecision(Access.Denied, "");
    }

    public AccessDecision Decide(in AccessFacts facts, in RequestHead head)
    {
        var normalPath = NormalPath.Of(head.Path);
        foreach (var denial in _denials)
        {
            if (denial.IsMatch(facts, head, normalPath))
            {
                return new AccessDecision(Access.Denied, denial.Policy);
            }
        }
        foreach (var allowance in _allowances)
        {
            if (allowance.IsMatch(facts, head, normalPath))
            {
                return AccessDecision.Allowed;
            }
        }
        return _allowances.Length == 0 ? AccessDecision.Allowed : new AccessDecision(Access.Denied, "");
    }

    /// <summary>The audits that a request falls under.</summary>
    public IEnumerable<string> Audits(AccessFacts facts, RequestHead head)
    {
        if (_audits.Length == 0)
        {
            return [];
        }
        var normalPath = NormalPath.Of(head.Path);
        return _audits.Where(audit => audit.IsMatch(facts, head, normalPath)).Select(audit => audit.Policy);
    }

    /// <summary>The audits that a connection falls under which is no HTTP.</summary>
    public IEnumerable<string> Audits(AccessFacts facts) =>
        _audits.Length == 0 ? [] : _audits.Where(audit => audit.Match(facts) == Certainty.Yes).Select(audit => audit.Policy);
}
