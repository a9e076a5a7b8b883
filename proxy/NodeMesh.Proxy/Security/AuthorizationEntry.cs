using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Security;

/// <summary>One AuthorizationPolicy, ready to be asked. Immutable.</summary>
internal sealed class AuthorizationEntry(Authorization authorization)
{
    private readonly Rule[] _rules = [.. authorization.Rules.Select(rule => new Rule(rule))];

    public string Policy => authorization.Policy;

    public AuthorizationAction Action => authorization.Action;

    /// <summary>By the connection alone.</summary>
    public Certainty Match(in AccessFacts facts)
    {
        var match = Certainty.No;
        foreach (var rule in _rules)
        {
            var now = rule.Match(facts);
            match = now > match ? now : match;
        }
        return match;
    }

    public bool IsMatch(in AccessFacts facts, in RequestHead head, string? normalPath)
    {
        foreach (var rule in _rules)
        {
            if (rule.IsMatch(facts, head, normalPath, isDenial: Action == AuthorizationAction.Deny))
            {
                return true;
            }
        }
        return false;
    }

    private sealed class Rule(AuthorizationRule rule)
    {
        private readonly SourcePattern[] _from = [.. rule.From.Select(source => new SourcePattern(source))];
        private readonly OperationPattern[] _to = [.. rule.To.Select(operation => new OperationPattern(operation))];

        public Certainty Match(in AccessFacts facts)
        {
            if (!IsFrom(facts))
            {
                return Certainty.No;
            }
            var match = _to.Length == 0 ? Certainty.Yes : Certainty.No;
            foreach (var operation in _to)
            {
                var now = operation.Match(facts.Port);
                match = now > match ? now : match;
            }
            return match;
        }

        public bool IsMatch(in AccessFacts facts, in RequestHead head, string? normalPath, bool isDenial)
        {
            if (!IsFrom(facts))
            {
                return false;
            }
            foreach (var operation in _to)
            {
                if (operation.IsMatch(facts.Port, head, normalPath, isDenial))
                {
                    return true;
                }
            }
            return _to.Length == 0;
        }

        private bool IsFrom(in AccessFacts facts)
        {
            foreach (var source in _from)
            {
                if (source.IsMatch(facts))
                {
                    return true;
                }
            }
            return _from.Length == 0;
        }
    }
}
