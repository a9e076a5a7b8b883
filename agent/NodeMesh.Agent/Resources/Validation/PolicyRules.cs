using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>What the schemas in installer/crds demand of a policy, for those that did not come through an API server.</summary>
internal static class PolicyRules
{
    private const int MaxTargets = 16;

    public static void Check(IPolicy policy, FieldErrors errors)
    {
        CheckTargets(policy.Targets, errors);
        switch (policy)
        {
            case AuthorizationPolicy authorization:
                AuthorizationRules.Check(authorization.Spec, errors);
                break;
            case RateLimitPolicy limits:
                CheckLimits(limits.Spec.Limits, errors);
                GlobalLimitRules.Check(limits.Spec.Global, errors);
                break;
            case FaultPolicy faults:
                CheckFaults(faults.Spec.Faults, errors);
                break;
            case TrafficPolicy traffic:
                TrafficRules.Check(traffic.Spec, errors);
                break;
            case BackendTrafficPolicy backends:
                BackendTrafficRules.Check(backends.Spec, errors);
                break;
            case TelemetryPolicy telemetry:
                TelemetryRules.Check(telemetry.Spec, errors);
                break;
            case EgressPolicy egress:
                CheckEgress(egress.Spec, errors);
                break;
        }
    }

    public static void CheckWord(string field, string word, string[] words, FieldErrors errors)
    {
        if (!words.Contains(word))
        {
            errors.Add(field, $"\"{word}\" is not {string.Join(", ", words[..^1])} or {words[^1]}");
        }
    }

    public static void CheckNetworks(string field, IReadOnlyList<string> networks, FieldErrors errors)
    {
        for (var i = 0; i < networks.Count; i++)
        {
            if (!Addresses.TryParseNetwork(networks[i], out _))
            {
                errors.Add($"{field}[{i}]", $"\"{networks[i]}\" is neither a CIDR nor an address");
            }
        }
    }

    public static void CheckPorts(string field, IReadOnlyList<int> ports, FieldErrors errors)
    {
        for (var i = 0; i < ports.Count; i++)
        {
            ResourceRules.CheckPort($"{field}[{i}]", ports[i], errors);
        }
    }

    public static void CheckHeaders(string field, IReadOnlyList<HttpValueMatch> headers, FieldErrors errors) => HttpRouteRules.CheckHeaders(field, headers, errors);

    public static void CheckPath(string field, HttpPathMatch? path, FieldErrors errors)
    {
        if (path is { Type: "Exact" or "PathPrefix" } && !path.Value.StartsWith('/'))
        {
            errors.Add($"{field}.value", $"\"{path.Value}\" must begin with /");
        }
    }

    /// <summary>null is well: it is not there.</summary>
    public static void CheckAtLeast(string field, int? number, int least, FieldErrors errors, int most = int.MaxValue)
    {
        if (number < least || number > most)
        {
            errors.Add(field, most == int.MaxValue ? $"{number} is less than {least}" : $"{number} is not {least} to {most}");
        }
    }

    /// <summary>null is well: it is not there.</summary>
    public static void CheckDuration(string field, string? text, FieldErrors errors)
    {
        RouteRules.CheckDuration(field, text, errors);
        if (text is not null && GatewayDuration.TryParse(text, out var duration) && duration == TimeSpan.Zero)
        {
            errors.Add(field, $"{text} is no time at all");
        }
    }

    private static void CheckTargets(IReadOnlyList<TargetReference> targets, FieldErrors errors)
    {
        RouteRules.CheckCount("spec.targetRefs", targets.Count, MaxTargets, errors);
        if (targets.Count == 0)
        {
            errors.Add("spec.targetRefs", "is empty: a policy must say what it is for");
        }
        for (var i = 0; i < targets.Count; i++)
        {
            if (targets[i].Kind.Length == 0)
            {
                errors.Add($"spec.targetRefs[{i}].kind", "is missing");
            }
            if (targets[i].Name.Length == 0)
            {
                errors.Add($"spec.targetRefs[{i}].name", "is missing");
            }
        }
    }

    public static void CheckMatches(string field, IReadOnlyList<RequestMatch> matches, FieldErrors errors)
    {
        for (var i = 0; i < matches.Count; i++)
        {
            CheckPath($"{field}[{i}].path", matches[i].Path, errors);
            CheckHeaders($"{field}[{i}].headers", matches[i].Headers, errors);
        }
    }

    private static void CheckLimits(IReadOnlyList<RateLimit> limits, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < limits.Count; i++)
        {
            var field = $"spec.limits[{i}]";
            CheckAtLeast($"{field}.requests", limits[i].Requests, 1, errors);
            CheckAtLeast($"{field}.burst", limits[i].Burst, 1, errors);
            CheckDuration($"{field}.per", limits[i].Per, errors);
            CheckMatches($"{field}.matches", limits[i].Matches, errors);
            if (!Names.IsDnsLabel(limits[i].Name))
            {
                errors.Add($"{field}.name", $"\"{limits[i].Name}\" is no valid name");
            }
            else if (!names.Add(limits[i].Name))
            {
                errors.Add($"{field}.name", $"\"{limits[i].Name}\" names two limits");
            }
            for (var k = 0; k < limits[i].By.Count; k++)
            {
                var key = limits[i].By[k];
                CheckWord($"{field}.by[{k}].type", key.Type, ["ClientWorkload", "ClientAddress", "Header"], errors);
                if (key.Type == "Header" && !Names.IsToken(key.Name ?? ""))
                {
                    errors.Add($"{field}.by[{k}].name", $"\"{key.Name}\" is no header name");
                }
            }
        }
    }

    private static void CheckFaults(IReadOnlyList<Fault> faults, FieldErrors errors)
    {
        for (var i = 0; i < faults.Count; i++)
        {
            var field = $"spec.faults[{i}]";
            CheckMatches($"{field}.matches", faults[i].Matches, errors);
            CheckDuration($"{field}.delay", faults[i].Delay, errors);
            if (faults[i].Percentage is not (null or (>= 0 and <= 100)))
            {
                errors.Add($"{field}.percentage", $"{faults[i].Percentage} is not 0 to 100");
            }
            if (faults[i] is { Delay: null, Abort: null })
            {
                errors.Add(field, "has neither delay nor abort");
            }
            if (faults[i].Abort is { } abort)
            {
                if ((abort.HttpStatus is null ? 0 : 1) + (abort.GrpcStatus is null ? 0 : 1) + (abort.Reset is true ? 1 : 0) != 1)
                {
                    errors.Add($"{field}.abort", "must have one of httpStatus, grpcStatus and reset");
                }
                CheckAtLeast($"{field}.abort.httpStatus", abort.HttpStatus, 400, errors, 599);
                CheckAtLeast($"{field}.abort.grpcStatus", abort.GrpcStatus, 1, errors, 16);
            }
        }
    }

    private static void CheckEgress(EgressPolicySpec spec, FieldErrors errors)
    {
        CheckWord("spec.mode", spec.Mode, ["Enforce", "Audit"], errors);
        for (var i = 0; i < spec.Allow.Count; i++)
        {
            var field = $"spec.allow[{i}]";
            CheckNetworks($"{field}.cidrs", spec.Allow[i].Cidrs, errors);
            CheckPorts($"{field}.ports", spec.Allow[i].Ports, errors);
            for (var h = 0; h < spec.Allow[i].Hosts.Count; h++)
            {
                var host = spec.Allow[i].Hosts[h];
                if (!Names.IsDnsSubdomain(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host))
                {
                    errors.Add($"{field}.hosts[{h}]", $"\"{host}\" is neither a host name nor one that begins with *.");
                }
            }
        }
    }
}
