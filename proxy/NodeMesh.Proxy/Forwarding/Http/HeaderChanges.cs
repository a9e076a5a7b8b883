using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Sets, adds and removes header fields as a filter says.</summary>
internal static class HeaderChanges
{
    public static void ApplyToRequest(IReadOnlyList<RouteFilter> filters, IHeaderDictionary headers)
    {
        foreach (var filter in filters)
        {
            if (filter.RequestHeaders is { } modifier)
            {
                Apply(modifier, headers);
            }
        }
    }

    public static void ApplyToResponse(IReadOnlyList<RouteFilter> filters, IHeaderDictionary headers)
    {
        foreach (var filter in filters)
        {
            if (filter.ResponseHeaders is { } modifier)
            {
                Apply(modifier, headers);
            }
        }
    }

    public static void Apply(HeaderModifier modifier, IHeaderDictionary headers)
    {
        foreach (var field in modifier.Set)
        {
            headers[field.Name] = field.Value;
        }
        foreach (var field in modifier.Add)
        {
            Add(headers, field.Name, field.Value);
        }
        foreach (var name in modifier.Remove)
        {
            headers.Remove(name);
        }
    }

    // One line with a comma means the same as two lines, but for cookies (RFC 9110 section 5.3).
    private static void Add(IHeaderDictionary headers, string name, string value)
    {
        var present = headers[name];
        headers[name] = present.Count == 0 ? value
            : name.Equals("set-cookie", StringComparison.OrdinalIgnoreCase) ? StringValues.Concat(present, value)
            : $"{present},{value}";
    }
}
