using System.Text.RegularExpressions;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>Matches as the proxy has them, with the rank the Gateway API gives them.</summary>
internal static class MatchCompiler
{
    /// <exception cref="UnsupportedException">It can't be carried out as written.</exception>
    public static RankedMatch Http(HttpRoute route, int rule, int position, HttpRouteMatch match)
    {
        var message = new Contract.RouteMatch { Path = Path(match.Path ?? new HttpPathMatch()), Method = match.Method ?? "" };
        message.Headers.AddRange(Headers(match.Headers));
        message.Query.AddRange(Values(match.QueryParams, name => name));
        var (kind, length) = message.Path.MatchCase switch
        {
            Contract.PathMatch.MatchOneofCase.Exact => (0, 0),
            Contract.PathMatch.MatchOneofCase.Regex => (1, message.Path.Regex.Length),
            _ => (2, message.Path.Prefix.Length),
        };
        if (message.Path.MatchCase == Contract.PathMatch.MatchOneofCase.Prefix && message.Path.Prefix.Length == 0)
        {
            message.Path = null; // every path
        }
        return RankedMatch.Of(route, rule, position, message, kind, -length, match.Method is null ? 1 : 0, -message.Headers.Count, -message.Query.Count);
    }

    /// <exception cref="UnsupportedException">It can't be carried out as written.</exception>
    public static RankedMatch Grpc(GrpcRoute route, int rule, int position, GrpcRouteMatch match)
    {
        var message = new Contract.RouteMatch();
        message.Headers.AddRange(Headers(match.Headers));
        var (service, method) = (match.Method?.Service ?? "", match.Method?.Method ?? "");
        var kind = 2;
        if (service.Length + method.Length > 0)
        {
            message.Path = GrpcPath(match.Method!.Type, service, method);
            kind = match.Method.Type == "Exact" ? 0 : 1;
        }
        return RankedMatch.Of(route, rule, position, message, kind, -service.Length, -method.Length, -message.Headers.Count);
    }

    public static RankedMatch Tls(TlsRoute route, int position, string? hostname)
    {
        var message = new Contract.RouteMatch { ServerName = hostname?.ToLowerInvariant() ?? "" };
        var isWildcard = hostname?.StartsWith("*.", StringComparison.Ordinal) == true;
        return RankedMatch.Of(route, 0, position, message, hostname is null ? 2 : isWildcard ? 1 : 0, -(hostname?.Length ?? 0));
    }

    public static RankedMatch Tcp(TcpRoute route) => RankedMatch.Of(route, 0, 0, new Contract.RouteMatch());

    public static Contract.PathMatch Path(HttpPathMatch path) => path.Type switch
    {
        "Exact" => new Contract.PathMatch { Exact = path.Value },
        "PathPrefix" => new Contract.PathMatch { Prefix = path.Value.TrimEnd('/') },
        "RegularExpression" => new Contract.PathMatch { Regex = Checked(path.Value) },
        var other => throw new UnsupportedException($"path type \"{other}\" is not known"),
    };

    // A gRPC call is a request to /service/method.
    private static Contract.PathMatch GrpcPath(string type, string service, string method)
    {
        const string AnyName = "[^/]+";
        return type switch
        {
            "Exact" when method.Length == 0 => new Contract.PathMatch { Prefix = $"/{service}" },
            "Exact" when service.Length == 0 => new Contract.PathMatch { Regex = $"/{AnyName}/{Regex.Escape(method)}" },
            "Exact" => new Contract.PathMatch { Exact = $"/{service}/{method}" },
            "RegularExpression" => new Contract.PathMatch { Regex = $"/{Group(service)}/{Group(method)}" },
            var other => throw new UnsupportedException($"method type \"{other}\" is not known"),
        };

        static string Group(string expression) => expression.Length == 0 ? AnyName : $"(?:{Checked(expression)})";
    }

    public static List<Contract.ValueMatch> Headers(IReadOnlyList<HttpValueMatch> headers) => Values(headers, name => name.ToLowerInvariant());

    // Of several for one name the first counts.
    private static List<Contract.ValueMatch> Values(IReadOnlyList<HttpValueMatch> values, Func<string, string> name)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var matches = new List<Contract.ValueMatch>();
        foreach (var value in values)
        {
            if (seen.Add(name(value.Name)))
            {
                matches.Add(value.Type switch
                {
                    "Exact" => new Contract.ValueMatch { Name = name(value.Name), Exact = value.Value },
                    "RegularExpression" => new Contract.ValueMatch { Name = name(value.Name), Regex = Checked(value.Value) },
                    var other => throw new UnsupportedException($"match type \"{other}\" of {value.Name} is not known"),
                });
            }
        }
        return matches;
    }

    private static string Checked(string expression)
    {
        try
        {
            // As the proxy builds it: in linear time whatever the input, which rules out back references and look-arounds.
            _ = new Regex($@"\A(?:{expression})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return expression;
        }
        catch (Exception refused) when (refused is ArgumentException or NotSupportedException)
        {
            throw new UnsupportedException($"the regular expression \"{expression}\" is not supported ({refused.Message})");
        }
    }
}
