using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>What a rule of a GRPCRoute must fulfil.</summary>
internal static class GrpcRouteRules
{
    private const int MaxMatches = 64;

    public static void Check(string field, GrpcRouteRule rule, FieldErrors errors)
    {
        RouteRules.CheckCount($"{field}.matches", rule.Matches.Count, MaxMatches, errors);
        for (var i = 0; i < rule.Matches.Count; i++)
        {
            if (rule.Matches[i].Method is { } method)
            {
                CheckMethod($"{field}.matches[{i}].method", method, errors);
            }
            HttpRouteRules.CheckHeaders($"{field}.matches[{i}].headers", rule.Matches[i].Headers, errors);
        }
        FilterRules.Check($"{field}.filters", rule.Filters, errors);
        RouteRules.CheckBackends($"{field}.backendRefs", rule.BackendRefs, errors);
        for (var i = 0; i < rule.BackendRefs.Count; i++)
        {
            FilterRules.Check($"{field}.backendRefs[{i}].filters", rule.BackendRefs[i].Filters, errors);
        }
        HttpRouteRules.CheckSession($"{field}.sessionPersistence", rule.SessionPersistence, errors);
    }

    private static void CheckMethod(string field, GrpcMethodMatch method, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(method.Service) && string.IsNullOrEmpty(method.Method))
        {
            errors.Add(field, "names neither a service nor a method");
        }
        if (method.Type == "Exact" && (method.Service?.Contains('/') == true || method.Method?.Contains('/') == true))
        {
            errors.Add(field, "holds a /, which is in no name of a service or method");
        }
    }
}
