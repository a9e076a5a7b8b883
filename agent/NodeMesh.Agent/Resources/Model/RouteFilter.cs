namespace NodeMesh.Agent.Resources.Model;

/// <summary>What is done with a request on its way. The type says which of the other fields counts; types are not checked here, so that an unknown one is not lost.</summary>
internal sealed record RouteFilter
{
    public string Type { get; init => field = value ?? ""; } = "";

    public HeaderModifierFilter? RequestHeaderModifier { get; init; }

    public HeaderModifierFilter? ResponseHeaderModifier { get; init; }

    public RequestMirrorFilter? RequestMirror { get; init; }

    public RequestRedirectFilter? RequestRedirect { get; init; }

    public UrlRewriteFilter? UrlRewrite { get; init; }

    public CorsFilter? Cors { get; init; }

    public ExternalAuthFilter? ExternalAuth { get; init; }

    public LocalReference? ExtensionRef { get; init; }
}

internal sealed record HeaderModifierFilter
{
    public IReadOnlyList<NamedValue> Set { get; init => field = value ?? []; } = [];

    public IReadOnlyList<NamedValue> Add { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> Remove { get; init => field = value ?? []; } = [];
}

internal sealed record NamedValue
{
    public string Name { get; init => field = value ?? ""; } = "";

    public string Value { get; init => field = value ?? ""; } = "";
}

internal sealed record RequestMirrorFilter
{
    public BackendReference BackendRef { get; init => field = value ?? new(); } = new();

    public int? Percent { get; init; }

    public MirrorFraction? Fraction { get; init; }
}

internal sealed record MirrorFraction
{
    public int Numerator { get; init; }

    public int? Denominator { get; init; }
}

internal sealed record RequestRedirectFilter
{
    public string? Scheme { get; init; }

    public string? Hostname { get; init; }

    public PathModifierFilter? Path { get; init; }

    public int? Port { get; init; }

    public int? StatusCode { get; init; }
}

internal sealed record UrlRewriteFilter
{
    public string? Hostname { get; init; }

    public PathModifierFilter? Path { get; init; }
}

internal sealed record PathModifierFilter
{
    /// <summary>ReplaceFullPath or ReplacePrefixMatch.</summary>
    public string Type { get; init => field = value ?? ""; } = "";

    public string? ReplaceFullPath { get; init; }

    public string? ReplacePrefixMatch { get; init; }
}

internal sealed record CorsFilter
{
    public IReadOnlyList<string> AllowOrigins { get; init => field = value ?? []; } = [];

    public bool? AllowCredentials { get; init; }

    public IReadOnlyList<string> AllowMethods { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> AllowHeaders { get; init => field = value ?? []; } = [];

    public IReadOnlyList<string> ExposeHeaders { get; init => field = value ?? []; } = [];

    public int? MaxAge { get; init; }
}

internal sealed record LocalReference
{
    public string Group { get; init => field = value ?? ""; } = "";

    public string Kind { get; init => field = value ?? ""; } = "";

    public string Name { get; init => field = value ?? ""; } = "";
}

/// <summary>A Service that decides about each request.</summary>
internal sealed record ExternalAuthFilter
{
    /// <summary>HTTP or GRPC.</summary>
    public string Protocol { get; init => field = value ?? ""; } = "";

    public BackendReference BackendRef { get; init => field = value ?? new BackendReference(); } = new();

    [System.Text.Json.Serialization.JsonPropertyName("grpc")]
    public GrpcAuth? Grpc { get; init; }

    public HttpAuth? Http { get; init; }

    public ForwardBody? ForwardBody { get; init; }
}

internal sealed record GrpcAuth
{
    /// <summary>Empty: all.</summary>
    public IReadOnlyList<string> AllowedHeaders { get; init => field = value ?? []; } = [];
}

internal sealed record HttpAuth
{
    /// <summary>Goes before the request's path.</summary>
    public string? Path { get; init; }

    /// <summary>Beside Host, Authorization and Content-Length.</summary>
    public IReadOnlyList<string> AllowedHeaders { get; init => field = value ?? []; } = [];

    /// <summary>Of the answer, for the request. Empty: all.</summary>
    public IReadOnlyList<string> AllowedResponseHeaders { get; init => field = value ?? []; } = [];
}

internal sealed record ForwardBody
{
    public int? MaxSize { get; init; }
}
