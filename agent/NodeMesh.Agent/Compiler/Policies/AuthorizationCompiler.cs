using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>
/// An AuthorizationPolicy as the proxy has it. What can't be made out closes: an allowing rule is dropped, a denying one denies everything.
/// </summary>
internal static class AuthorizationCompiler
{
    /// <param name="invalid">Is told what is wrong with a rule.</param>
    public static Contract.Authorization Compile(AuthorizationPolicy policy, Action<string> invalid)
    {
        var message = new Contract.Authorization
        {
            Policy = policy.Metadata.Id,
            Action = policy.Spec.Action switch
            {
                "Deny" => Contract.AuthorizationAction.Deny,
                "Audit" => Contract.AuthorizationAction.Audit,
                _ => Contract.AuthorizationAction.Allow,
            },
        };
        for (var i = 0; i < policy.Spec.Rules.Count; i++)
        {
            try
            {
                message.Rules.Add(Rule(policy, policy.Spec.Rules[i]));
            }
            catch (UnsupportedException unsupported)
            {
                var isDeny = message.Action == Contract.AuthorizationAction.Deny;
                invalid($"rule {i}: {unsupported.Message}; {(isDeny ? "everything is denied" : "the rule is left out")}");
                if (isDeny)
                {
                    message.Rules.Add(new Contract.AuthorizationRule());
                }
            }
        }
        return message;
    }

    /// <summary>Denies everything.</summary>
    public static Contract.Authorization Closed(AuthorizationPolicy policy) => new()
    {
        Policy = policy.Metadata.Id, Action = Contract.AuthorizationAction.Deny, Rules = { new Contract.AuthorizationRule() },
    };

    private static Contract.AuthorizationRule Rule(AuthorizationPolicy policy, AuthorizationRule rule)
    {
        var message = new Contract.AuthorizationRule();
        foreach (var source in rule.From)
        {
            var from = new Contract.SourceMatch();
            from.Namespaces.AddRange(source.Namespaces);
            from.Workloads.AddRange(source.Workloads.Select(Id));
            from.ServiceAccounts.AddRange(source.ServiceAccounts.Select(Id));
            from.Cidrs.AddRange(source.Cidrs);
            from.ExceptCidrs.AddRange(source.ExceptCidrs);
            message.From.Add(from);
        }
        foreach (var operation in rule.To)
        {
            var to = new Contract.OperationMatch();
            to.Ports.AddRange(operation.Ports.Select(port => (uint)port));
            to.Methods.AddRange(operation.Methods);
            to.Paths.AddRange(operation.Paths.Select(MatchCompiler.Path));
            to.Headers.AddRange(MatchCompiler.Headers(operation.Headers));
            message.To.Add(to);
        }
        return message;

        string Id(string name) => name.Contains('/', StringComparison.Ordinal) ? name : $"{policy.Metadata.Namespace}/{name}";
    }
}
