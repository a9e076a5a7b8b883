using System.Globalization;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Routing;

/// <summary>Cross-origin requests (WHATWG Fetch, section 3.3), as the CORS filter of the Gateway API wants them answered.</summary>
internal static class CorsPolicy
{
    private const string Any = "*";

    /// <summary>The browser asks whether it may send a request: the mesh answers itself.</summary>
    public static bool IsPreflight(in RequestHead head) =>
        head.Method == "OPTIONS" && head.Field("origin") is not null && head.Field("access-control-request-method") is not null;

    /// <summary>The fields of the answer to a preflight; empty: the origin is not allowed.</summary>
    public static IReadOnlyList<(string Name, string Value)> Preflight(Cors cors, in RequestHead head)
    {
        var fields = Answer(cors, head);
        if (fields.Count == 0)
        {
            return fields;
        }
        Add(fields, "Access-Control-Allow-Methods", cors.AllowMethods, cors.AllowCredentials, head.Field("access-control-request-method"));
        Add(fields, "Access-Control-Allow-Headers", cors.AllowHeaders, cors.AllowCredentials, head.Field("access-control-request-headers"));
        fields.Add(("Access-Control-Max-Age", cors.MaxAgeSeconds.ToString(CultureInfo.InvariantCulture)));
        return fields;
    }

    /// <summary>The fields of the response to an actual request; empty: it is no cross-origin request, or its origin is not allowed.</summary>
    public static IReadOnlyList<(string Name, string Value)> Response(Cors cors, in RequestHead head)
    {
        var fields = Answer(cors, head);
        if (fields.Count > 0)
        {
            Add(fields, "Access-Control-Expose-Headers", cors.ExposeHeaders, cors.AllowCredentials, null);
        }
        return fields;
    }

    private static List<(string Name, string Value)> Answer(Cors cors, in RequestHead head)
    {
        var fields = new List<(string, string)>(5);
        if (head.Field("origin") is { } origin && cors.AllowOrigins.Any(allowed => Allows(allowed, origin)))
        {
            // With credentials a browser takes no "*"; the origin itself says the same.
            var any = cors.AllowOrigins.Contains(Any) && !cors.AllowCredentials;
            fields.Add(("Access-Control-Allow-Origin", any ? Any : origin));
            if (cors.AllowCredentials)
            {
                fields.Add(("Access-Control-Allow-Credentials", "true"));
            }
            if (!any)
            {
                fields.Add(("Vary", "Origin"));
            }
        }
        return fields;
    }

    private static void Add(List<(string, string)> fields, string name, IReadOnlyCollection<string> values, bool credentials, string? asked)
    {
        if (values.Contains(Any) && credentials)
        {
            if (asked is not null)
            {
                fields.Add((name, asked));
            }
        }
        else if (values.Count > 0)
        {
            fields.Add((name, values.Contains(Any) ? Any : string.Join(", ", values)));
        }
    }

    private static bool Allows(string allowed, string origin)
    {
        if (allowed == Any)
        {
            return true;
        }
        var star = allowed.IndexOf('*');
        if (star < 0)
        {
            return allowed.Equals(origin, StringComparison.OrdinalIgnoreCase);
        }
        var (before, after) = (allowed[..star], allowed[(star + 1)..]);
        return origin.Length > before.Length + after.Length
            && origin.StartsWith(before, StringComparison.OrdinalIgnoreCase) && origin.EndsWith(after, StringComparison.OrdinalIgnoreCase)
            && origin.AsSpan(before.Length, origin.Length - before.Length - after.Length).IndexOfAny("/@?#") < 0;
    }
}
