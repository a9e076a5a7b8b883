using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>
/// What the Gateway API's schemas demand of a route. Words from a fixed list (types, methods, status codes) are not checked here: what
/// this mesh does not know is a condition on the route, and must not make the route as a whole disappear.
/// </summary>
internal static class RouteRules
{
    private const int MaxRules = 16;
    private const int MaxParents = 32;
    private const int MaxBackends = 16;
    private const int MaxWeight = 1_000_000;
    private const int MaxMatchesOfAll = 128;

    public static void Check(IRoute route, FieldErrors errors)
    {
        CheckParents(route.Parents, errors);
        switch (route)
        {
            case HttpRoute http:
                CheckCount("spec.rules", http.Spec.Rules.Count, MaxRules, errors);
                CheckCount("spec.rules", http.Spec.Rules.Sum(rule => rule.Matches.Count), MaxMatchesOfAll, errors, "matches in all");
                for (var i = 0; i < http.Spec.Rules.Count; i++)
                {
                    HttpRouteRules.Check($"spec.rules[{i}]", http.Spec.Rules[i], errors);
                }
                break;
            case GrpcRoute grpc:
                CheckCount("spec.rules", grpc.Spec.Rules.Count, MaxRules, errors);
                CheckCount("spec.rules", grpc.Spec.Rules.Sum(rule => rule.Matches.Count), MaxMatchesOfAll, errors, "matches in all");
                for (var i = 0; i < grpc.Spec.Rules.Count; i++)
                {
                    GrpcRouteRules.Check($"spec.rules[{i}]", grpc.Spec.Rules[i], errors);
                }
                break;
            case TlsRoute tls:
                for (var i = 0; i < tls.Spec.Hostnames.Count; i++)
                {
                    var name = tls.Spec.Hostnames[i];
                    if (!Names.IsDnsSubdomain(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name))
                    {
                        errors.Add($"spec.hostnames[{i}]", $"\"{name}\" is neither a host name nor one that begins with *.");
                    }
                }
                CheckConnectionRules(tls.Spec.Rules, errors);
                break;
            case TcpRoute tcp:
                CheckConnectionRules(tcp.Spec.Rules, errors);
                break;
        }
    }

    public static void CheckBackends(string field, IReadOnlyList<BackendReference> backends, FieldErrors errors)
    {
        CheckCount(field, backends.Count, MaxBackends, errors);
        for (var i = 0; i < backends.Count; i++)
        {
            CheckBackend($"{field}[{i}]", backends[i], errors);
            if (backends[i].Weight is < 0 or > MaxWeight)
            {
                errors.Add($"{field}[{i}].weight", $"{backends[i].Weight} is not 0 to {MaxWeight}");
            }
        }
    }

    public static void CheckBackend(string field, BackendReference backend, FieldErrors errors)
    {
        if (backend.Name.Length == 0)
        {
            errors.Add($"{field}.name", "is missing");
        }
        if (backend.Port is { } port)
        {
            ResourceRules.CheckPort($"{field}.port", port, errors);
        }
        else if (backend is { Group: "", Kind: "Service" })
        {
            errors.Add($"{field}.port", "is missing: a Service needs one");
        }
    }

    public static void CheckCount(string field, int count, int most, FieldErrors errors, string what = "items")
    {
        if (count > most)
        {
            errors.Add(field, $"has {count} {what}; {most} are allowed");
        }
    }

    /// <summary>null is well: it is not there.</summary>
    public static void CheckDuration(string field, string? text, FieldErrors errors)
    {
        if (text is not null && !GatewayDuration.TryParse(text, out _))
        {
            errors.Add(field, $"\"{text}\" is no duration such as 500ms, 10s or 1m30s");
        }
    }

    private static void CheckParents(IReadOnlyList<ParentReference> parents, FieldErrors errors)
    {
        CheckCount("spec.parentRefs", parents.Count, MaxParents, errors);
        var seen = new HashSet<ParentReference>();
        for (var i = 0; i < parents.Count; i++)
        {
            if (parents[i].Name.Length == 0)
            {
                errors.Add($"spec.parentRefs[{i}].name", "is missing");
            }
            if (parents[i].Port is { } port)
            {
                ResourceRules.CheckPort($"spec.parentRefs[{i}].port", port, errors);
            }
            if (!seen.Add(parents[i]))
            {
                errors.Add($"spec.parentRefs[{i}]", "names the same parent as one before it");
            }
        }
    }

    private static void CheckConnectionRules(IReadOnlyList<ConnectionRouteRule> rules, FieldErrors errors)
    {
        if (rules.Count != 1)
        {
            errors.Add("spec.rules", $"has {rules.Count} items; exactly one is needed");
        }
        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i].BackendRefs.Count == 0)
            {
                errors.Add($"spec.rules[{i}].backendRefs", "is empty");
            }
            CheckBackends($"spec.rules[{i}].backendRefs", rules[i].BackendRefs, errors);
        }
    }
}
