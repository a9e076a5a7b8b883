using System.Collections.Frozen;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>Filters as the proxy has them. What can't be had becomes a filter that answers with an error; none is ever skipped.</summary>
internal sealed class FilterCompiler(IRoute route, ServiceLookup services)
{
    public IEnumerable<Contract.RouteFilter> Compile(IReadOnlyList<RouteFilter> filters, int rule, string field, bool isOfRule)
    {
        if (filters.Any(filter => filter.Type == "RequestRedirect") && filters.Any(filter => filter.Type == "URLRewrite"))
        {
            services.Findings.Invalid(rule, RouteReason.IncompatibleFilters, $"{field}: RequestRedirect and URLRewrite exclude each other; requests get 500");
            return [Unusable("RequestRedirect and URLRewrite")];
        }
        return filters.Select((filter, index) => Compile(filter, rule, $"{field}[{index}]", isOfRule)).OfType<Contract.RouteFilter>().ToList();
    }

    private Contract.RouteFilter? Compile(RouteFilter filter, int rule, string field, bool isOfRule)
    {
        try
        {
            return filter.Type switch
            {
                "RequestHeaderModifier" => new Contract.RouteFilter { RequestHeaders = Modifier(filter.RequestHeaderModifier!) },
                "ResponseHeaderModifier" => new Contract.RouteFilter { ResponseHeaders = Modifier(filter.ResponseHeaderModifier!) },
                "RequestMirror" => Mirror(filter.RequestMirror!, field),
                "RequestRedirect" when route is HttpRoute => new Contract.RouteFilter { Redirect = Redirect(filter.RequestRedirect!) },
                "URLRewrite" when route is HttpRoute => new Contract.RouteFilter
                {
                    UrlRewrite = new Contract.UrlRewrite { Hostname = filter.UrlRewrite!.Hostname ?? "", Path = Path(filter.UrlRewrite.Path) },
                },
                "CORS" when route is HttpRoute => new Contract.RouteFilter { Cors = Cors(filter.Cors!) },
                "ExternalAuth" when route is HttpRoute && isOfRule => ExternalAuth(filter.ExternalAuth!, rule, field),
                "ExternalAuth" when route is HttpRoute => throw new UnsupportedException("this mesh has ExternalAuth for a rule as a whole alone, not for one of its backends"),
                "ExtensionRef" => Extension(filter.ExtensionRef!, field),
                var other => throw new UnsupportedException($"the filter {other} is not supported by this mesh in a {route.Kind}"),
            };
        }
        catch (UnsupportedException unsupported)
        {
            services.Findings.Invalid(rule, unsupported.Reason, $"{field}: {unsupported.Message}; requests get 500");
            return Unusable(filter.Type);
        }
    }

    private static readonly FrozenSet<string> OfTheConnection = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade");

    private static Contract.RouteFilter Unusable(string what) => new() { Unusable = new Contract.UnusableFilter { What = what } };

    private static Contract.HeaderModifier Modifier(HeaderModifierFilter filter)
    {
        foreach (var name in filter.Set.Concat(filter.Add).Select(value => value.Name).Concat(filter.Remove))
        {
            if (OfTheConnection.Contains(name))
            {
                throw new UnsupportedException($"the header {name} is about the connection and the length of the message, which are the proxy's");
            }
        }
        var modifier = new Contract.HeaderModifier();
        modifier.Set.AddRange(filter.Set.Select(value => new Contract.HeaderValue { Name = value.Name, Value = value.Value }));
        modifier.Add.AddRange(filter.Add.Select(value => new Contract.HeaderValue { Name = value.Name, Value = value.Value }));
        modifier.Remove.AddRange(filter.Remove);
        return modifier;
    }

    private Contract.RouteFilter ExternalAuth(ExternalAuthFilter filter, int rule, string field)
    {
        // No field of the API says how long to wait.
        const uint TimeoutMilliseconds = 2_000;
        const int DefaultMaxBody = 64 * 1024;
        if (filter.Protocol is not ("HTTP" or "GRPC"))
        {
            throw new UnsupportedException($"the protocol \"{filter.Protocol}\" is not HTTP or GRPC");
        }
        if (services.Backend(route, filter.BackendRef, $"{field}.externalAuth.backendRef") is not { } port)
        {
            // The condition says what is missing; nobody passes until it is there.
            return Unusable($"ExternalAuth {filter.BackendRef.Name}");
        }
        var auth = new Contract.ExternalAuth
        {
            Port = port,
            Grpc = filter.Protocol == "GRPC",
            PathPrefix = filter.Http?.Path?.TrimEnd('/') ?? "",
            ForwardsBody = filter.ForwardBody is not null,
            MaxBodyBytes = (uint)(filter.ForwardBody?.MaxSize ?? DefaultMaxBody),
            TimeoutMilliseconds = TimeoutMilliseconds,
        };
        auth.AllowedHeaders.AddRange(filter.Protocol == "GRPC" ? filter.Grpc?.AllowedHeaders ?? [] : filter.Http?.AllowedHeaders ?? []);
        auth.AllowedResponseHeaders.AddRange(filter.Http?.AllowedResponseHeaders ?? []);
        return new Contract.RouteFilter { ExternalAuth = auth };
    }

    // A mirror without a place to send to is left out, since it must not affect the request; the condition says so.
    private Contract.RouteFilter? Mirror(RequestMirrorFilter filter, string field)
    {
        const int Percent = 100;
        if (services.Backend(route, filter.BackendRef, $"{field}.requestMirror.backendRef") is not { } port)
        {
            return null;
        }
        var (numerator, denominator) = filter switch
        {
            { Percent: { } percent } => (percent, Percent),
            { Fraction: { } fraction } => (fraction.Numerator, fraction.Denominator ?? Percent),
            _ => (Percent, Percent),
        };
        return new Contract.RouteFilter { Mirror = new Contract.Mirror { Port = port, Numerator = (uint)numerator, Denominator = (uint)denominator } };
    }

    private static Contract.Redirect Redirect(RequestRedirectFilter filter)
    {
        const int Found = 302;
        if (filter.Scheme is not (null or "http" or "https"))
        {
            throw new UnsupportedException($"the scheme \"{filter.Scheme}\" is not http or https");
        }
        if (filter.StatusCode is not (null or 301 or 302 or 303 or 307 or 308))
        {
            throw new UnsupportedException($"the status {filter.StatusCode} is not 301, 302, 303, 307 or 308");
        }
        return new Contract.Redirect
        {
            Scheme = filter.Scheme ?? "",
            Hostname = filter.Hostname ?? "",
            Path = Path(filter.Path),
            Port = (uint)(filter.Port ?? 0),
            Status = (uint)(filter.StatusCode ?? Found),
        };
    }

    private static Contract.PathModifier? Path(PathModifierFilter? path) => path?.Type switch
    {
        null => null,
        "ReplaceFullPath" => new Contract.PathModifier { Full = path.ReplaceFullPath },
        "ReplacePrefixMatch" => new Contract.PathModifier { Prefix = path.ReplacePrefixMatch },
        var other => throw new UnsupportedException($"the path modifier \"{other}\" is not known"),
    };

    private static Contract.Cors Cors(CorsFilter filter)
    {
        const int MaxAge = 5;
        var cors = new Contract.Cors { AllowCredentials = filter.AllowCredentials ?? false, MaxAgeSeconds = (uint)Math.Max(filter.MaxAge ?? MaxAge, 0) };
        cors.AllowOrigins.AddRange(filter.AllowOrigins);
        cors.AllowMethods.AddRange(filter.AllowMethods);
        cors.AllowHeaders.AddRange(filter.AllowHeaders);
        cors.ExposeHeaders.AddRange(filter.ExposeHeaders);
        return cors;
    }

    private Contract.RouteFilter Extension(LocalReference reference, string field)
    {
        services.Findings.Unresolved(RouteReason.InvalidKind, $"{field}: {reference.Group}/{reference.Kind} {reference.Name} is no filter of this mesh; requests get 500");
        return Unusable($"{reference.Kind} {reference.Name}");
    }
}
