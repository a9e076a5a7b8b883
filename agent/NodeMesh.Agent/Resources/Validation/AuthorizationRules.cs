using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Validation;

internal static class AuthorizationRules
{
    public static void Check(AuthorizationPolicySpec spec, FieldErrors errors)
    {
        PolicyRules.CheckWord("spec.action", spec.Action, ["Allow", "Deny", "Audit"], errors);
        for (var i = 0; i < spec.Rules.Count; i++)
        {
            for (var s = 0; s < spec.Rules[i].From.Count; s++)
            {
                Check($"spec.rules[{i}].from[{s}]", spec.Rules[i].From[s], errors);
            }
            for (var o = 0; o < spec.Rules[i].To.Count; o++)
            {
                Check($"spec.rules[{i}].to[{o}]", spec.Rules[i].To[o], errors);
            }
        }
    }

    private static void Check(string field, AuthorizationSource source, FieldErrors errors)
    {
        for (var i = 0; i < source.Namespaces.Count; i++)
        {
            if (!Names.IsDnsLabel(source.Namespaces[i]))
            {
                errors.Add($"{field}.namespaces[{i}]", $"\"{source.Namespaces[i]}\" is no valid name");
            }
        }
        CheckIds($"{field}.workloads", source.Workloads, errors);
        CheckIds($"{field}.serviceAccounts", source.ServiceAccounts, errors);
        PolicyRules.CheckNetworks($"{field}.cidrs", source.Cidrs, errors);
        PolicyRules.CheckNetworks($"{field}.exceptCidrs", source.ExceptCidrs, errors);
        if (source is { Namespaces.Count: 0, Workloads.Count: 0, ServiceAccounts.Count: 0, Cidrs.Count: 0, ExceptCidrs.Count: 0 })
        {
            // Most likely a misspelt field: taken for "from anywhere" it would open what it was to close.
            errors.Add(field, "says nothing: leave \"from\" out to mean everybody");
        }
    }

    private static void Check(string field, AuthorizationOperation operation, FieldErrors errors)
    {
        PolicyRules.CheckPorts($"{field}.ports", operation.Ports, errors);
        PolicyRules.CheckHeaders($"{field}.headers", operation.Headers, errors);
        for (var i = 0; i < operation.Paths.Count; i++)
        {
            PolicyRules.CheckPath($"{field}.paths[{i}]", operation.Paths[i], errors);
        }
        for (var i = 0; i < operation.Methods.Count; i++)
        {
            if (!Names.IsToken(operation.Methods[i]))
            {
                errors.Add($"{field}.methods[{i}]", $"\"{operation.Methods[i]}\" is no method");
            }
        }
        if (operation is { Ports.Count: 0, Methods.Count: 0, Paths.Count: 0, Headers.Count: 0 })
        {
            errors.Add(field, "says nothing: leave \"to\" out to mean everything");
        }
    }

    private static void CheckIds(string field, IReadOnlyList<string> ids, FieldErrors errors)
    {
        for (var i = 0; i < ids.Count; i++)
        {
            var slash = ids[i].IndexOf('/', StringComparison.Ordinal);
            if ((slash >= 0 && !Names.IsDnsLabel(ids[i][..slash])) || !Names.IsDnsSubdomain(ids[i][(slash + 1)..]))
            {
                errors.Add($"{field}[{i}]", $"\"{ids[i]}\" is neither a name nor namespace/name");
            }
        }
    }
}
