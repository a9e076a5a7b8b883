using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>What the filters of a route must fulfil, each and together.</summary>
internal static class FilterRules
{
    private const int MaxFilters = 16;

    public static void Check(string field, IReadOnlyList<RouteFilter> filters, FieldErrors errors)
    {
        RouteRules.CheckCount(field, filters.Count, MaxFilters, errors);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < filters.Count; i++)
        {
            if (filters[i].Type is not ("RequestMirror" or "ExtensionRef") && !seen.Add(filters[i].Type))
            {
                errors.Add($"{field}[{i}].type", $"{filters[i].Type} can not be repeated");
            }
            Check($"{field}[{i}]", filters[i], errors);
        }
    }

    /// <summary>A prefix can only be replaced where it is clear which.</summary>
    public static void CheckPrefixes(string field, HttpRouteRule rule, FieldErrors errors)
    {
        for (var i = 0; i < rule.Filters.Count; i++)
        {
            var path = rule.Filters[i].Type == "RequestRedirect" ? rule.Filters[i].RequestRedirect?.Path : rule.Filters[i].UrlRewrite?.Path;
            if (path?.Type == "ReplacePrefixMatch" && rule.Matches is not ([] or [{ Path: null or { Type: "PathPrefix" } }]))
            {
                errors.Add($"{field}[{i}]", "replaces a prefix, but the rule has not exactly one match by PathPrefix");
            }
        }
    }

    private static void Check(string field, RouteFilter filter, FieldErrors errors)
    {
        var (member, value) = filter.Type switch
        {
            "RequestHeaderModifier" => ("requestHeaderModifier", filter.RequestHeaderModifier),
            "ResponseHeaderModifier" => ("responseHeaderModifier", filter.ResponseHeaderModifier),
            "RequestMirror" => ("requestMirror", filter.RequestMirror),
            "RequestRedirect" => ("requestRedirect", filter.RequestRedirect),
            "URLRewrite" => ("urlRewrite", filter.UrlRewrite),
            "CORS" => ("cors", filter.Cors),
            "ExternalAuth" => ("externalAuth", filter.ExternalAuth),
            "ExtensionRef" => ("extensionRef", filter.ExtensionRef),
            _ => ("", (object?)filter),
        };
        if (filter.Type.Length == 0)
        {
            errors.Add($"{field}.type", "is missing");
        }
        else if (value is null)
        {
            errors.Add($"{field}.{member}", $"is missing: the type is {filter.Type}");
        }
        CheckModifier($"{field}.requestHeaderModifier", filter.RequestHeaderModifier, errors);
        CheckModifier($"{field}.responseHeaderModifier", filter.ResponseHeaderModifier, errors);
        CheckExternalAuth($"{field}.externalAuth", filter.ExternalAuth, errors);
        CheckMirror($"{field}.requestMirror", filter.RequestMirror, errors);
        CheckPath($"{field}.requestRedirect.path", filter.RequestRedirect?.Path, errors);
        CheckPath($"{field}.urlRewrite.path", filter.UrlRewrite?.Path, errors);
        if (filter.RequestRedirect?.Port is { } port)
        {
            ResourceRules.CheckPort($"{field}.requestRedirect.port", port, errors);
        }
        CheckHost($"{field}.requestRedirect.hostname", filter.RequestRedirect?.Hostname, errors);
        CheckHost($"{field}.urlRewrite.hostname", filter.UrlRewrite?.Hostname, errors);
    }

    private static void CheckExternalAuth(string field, ExternalAuthFilter? auth, FieldErrors errors)
    {
        if (auth is null)
        {
            return;
        }
        RouteRules.CheckBackend($"{field}.backendRef", auth.BackendRef, errors);
        PolicyRules.CheckAtLeast($"{field}.forwardBody.maxSize", auth.ForwardBody?.MaxSize, 0, errors);
        if (auth is { Grpc: not null, Http: not null })
        {
            errors.Add(field, "has both grpc and http");
        }
        if (auth.Http?.Path is { Length: > 0 } path && !path.StartsWith('/'))
        {
            errors.Add($"{field}.http.path", $"\"{path}\" must begin with /");
        }
    }

    private static void CheckModifier(string field, HeaderModifierFilter? modifier, FieldErrors errors)
    {
        if (modifier is null)
        {
            return;
        }
        CheckValues($"{field}.set", modifier.Set, errors);
        CheckValues($"{field}.add", modifier.Add, errors);
        for (var i = 0; i < modifier.Remove.Count; i++)
        {
            if (!Names.IsToken(modifier.Remove[i]))
            {
                errors.Add($"{field}.remove[{i}]", $"\"{modifier.Remove[i]}\" is no header name");
            }
        }
    }

    private static void CheckValues(string field, IReadOnlyList<NamedValue> values, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < values.Count; i++)
        {
            if (!Names.IsToken(values[i].Name))
            {
                errors.Add($"{field}[{i}].name", $"\"{values[i].Name}\" is no header name");
            }
            else if (!seen.Add(values[i].Name))
            {
                errors.Add($"{field}[{i}].name", $"\"{values[i].Name}\" stands twice");
            }
            // A line break would be the end of the field, and the beginning of another.
            if (values[i].Value.AsSpan().ContainsAnyInRange('\0', '\x08') || values[i].Value.AsSpan().ContainsAny("\n\x0b\x0c\r\x7f"))
            {
                errors.Add($"{field}[{i}].value", "has a control character");
            }
        }
    }

    private static void CheckMirror(string field, RequestMirrorFilter? mirror, FieldErrors errors)
    {
        if (mirror is null)
        {
            return;
        }
        RouteRules.CheckBackend($"{field}.backendRef", mirror.BackendRef, errors);
        if (mirror is { Percent: not null, Fraction: not null })
        {
            errors.Add(field, "has both percent and fraction");
        }
        if (mirror.Percent is < 0 or > 100)
        {
            errors.Add($"{field}.percent", $"{mirror.Percent} is not 0 to 100");
        }
        if (mirror.Fraction is { } fraction && (fraction.Numerator < 0 || fraction.Denominator < 1 || fraction.Numerator > (fraction.Denominator ?? 100)))
        {
            errors.Add($"{field}.fraction", "is not between 0 and 1");
        }
    }

    private static void CheckPath(string field, PathModifierFilter? path, FieldErrors errors)
    {
        if (path is { Type: "ReplaceFullPath", ReplaceFullPath: null } or { Type: "ReplacePrefixMatch", ReplacePrefixMatch: null })
        {
            errors.Add(field, $"has type {path.Type}, but not its value");
        }
    }

    private static void CheckHost(string field, string? host, FieldErrors errors)
    {
        if (host is not null && !Names.IsDnsSubdomain(host))
        {
            errors.Add(field, $"\"{host}\" is no host name");
        }
    }
}
