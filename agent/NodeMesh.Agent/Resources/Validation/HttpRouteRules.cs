using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>What a rule of an HTTPRoute must fulfil.</summary>
internal static class HttpRouteRules
{
    private const int MaxMatches = 64;

    public static void Check(string field, HttpRouteRule rule, FieldErrors errors)
    {
        RouteRules.CheckCount($"{field}.matches", rule.Matches.Count, MaxMatches, errors);
        for (var i = 0; i < rule.Matches.Count; i++)
        {
            CheckMatch($"{field}.matches[{i}]", rule.Matches[i], errors);
        }
        FilterRules.Check($"{field}.filters", rule.Filters, errors);
        FilterRules.CheckPrefixes($"{field}.filters", rule, errors);
        RouteRules.CheckBackends($"{field}.backendRefs", rule.BackendRefs, errors);
        for (var i = 0; i < rule.BackendRefs.Count; i++)
        {
            FilterRules.Check($"{field}.backendRefs[{i}].filters", rule.BackendRefs[i].Filters, errors);
        }
        if (rule.BackendRefs.Count > 0 && rule.Filters.Any(filter => filter.Type == "RequestRedirect"))
        {
            errors.Add($"{field}.backendRefs", "can not be beside a RequestRedirect: a redirected request goes to no backend");
        }
        CheckTimeouts($"{field}.timeouts", rule.Timeouts, errors);
        if (rule.Retry is { } retry)
        {
            RouteRules.CheckDuration($"{field}.retry.backoff", retry.Backoff, errors);
            if (retry.Attempts < 1)
            {
                errors.Add($"{field}.retry.attempts", $"{retry.Attempts} is less than 1");
            }
            for (var i = 0; i < retry.Codes.Count; i++)
            {
                if (retry.Codes[i] is < 400 or > 599)
                {
                    errors.Add($"{field}.retry.codes[{i}]", $"{retry.Codes[i]} is not 400 to 599");
                }
            }
        }
        CheckSession($"{field}.sessionPersistence", rule.SessionPersistence, errors);
    }

    public static void CheckHeaders(string field, IReadOnlyList<HttpValueMatch> matches, FieldErrors errors)
    {
        for (var i = 0; i < matches.Count; i++)
        {
            if (!Names.IsToken(matches[i].Name))
            {
                errors.Add($"{field}[{i}].name", $"\"{matches[i].Name}\" is no header or parameter name");
            }
        }
    }

    public static void CheckSession(string field, RouteSessionPersistence? session, FieldErrors errors)
    {
        if (session is null)
        {
            return;
        }
        RouteRules.CheckDuration($"{field}.absoluteTimeout", session.AbsoluteTimeout, errors);
        if (session.SessionName is { } name && !Names.IsToken(name))
        {
            errors.Add($"{field}.sessionName", $"\"{name}\" is no name of a cookie or header");
        }
        if (session.CookieConfig is not null && session.Type != "Cookie")
        {
            errors.Add($"{field}.cookieConfig", "goes with type Cookie only");
        }
        if (session is { CookieConfig.LifetimeType: "Permanent", AbsoluteTimeout: null })
        {
            errors.Add($"{field}.absoluteTimeout", "is missing: a permanent cookie needs one");
        }
    }

    private static void CheckMatch(string field, HttpRouteMatch match, FieldErrors errors)
    {
        if (match.Path is { Type: "Exact" or "PathPrefix", Value: var path })
        {
            if (!path.StartsWith('/'))
            {
                errors.Add($"{field}.path.value", $"\"{path}\" must begin with /");
            }
            foreach (var part in (string[])["//", "/./", "/../", "%2f", "%2F", "#"])
            {
                if (path.Contains(part, StringComparison.Ordinal))
                {
                    errors.Add($"{field}.path.value", $"\"{path}\" must not contain {part}");
                }
            }
            if (path.EndsWith("/.", StringComparison.Ordinal) || path.EndsWith("/..", StringComparison.Ordinal))
            {
                errors.Add($"{field}.path.value", $"\"{path}\" must not end with /. or /..");
            }
        }
        CheckHeaders($"{field}.headers", match.Headers, errors);
        CheckHeaders($"{field}.queryParams", match.QueryParams, errors);
    }

    private static void CheckTimeouts(string field, HttpRouteTimeouts? timeouts, FieldErrors errors)
    {
        if (timeouts is null)
        {
            return;
        }
        RouteRules.CheckDuration($"{field}.request", timeouts.Request, errors);
        RouteRules.CheckDuration($"{field}.backendRequest", timeouts.BackendRequest, errors);
        if (timeouts is { Request: { } request, BackendRequest: { } backend }
            && GatewayDuration.TryParse(request, out var all) && GatewayDuration.TryParse(backend, out var one) && all > TimeSpan.Zero && one > all)
        {
            errors.Add($"{field}.backendRequest", $"{backend} is longer than request, {request}");
        }
    }
}
