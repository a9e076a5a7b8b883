using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>
/// /console/: the page, for whoever asks, since there is nothing of the mesh in it; and /console/api/: what it shows, the same answers as on the rest of the admin
/// port, for those whom the <see cref="ConsoleGuard"/> lets pass.
/// </summary>
internal sealed class ConsoleServer
{
    private const string Root = "/console";

    // No script, style, picture or connection but this server's own; in nobody's frame.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly ConsoleFiles _files;
    private readonly ConsoleToken _token;
    private readonly ConsoleGuard _guard;
    private readonly ConsoleOptions _options;
    private readonly string _node;
    private readonly WeightsEndpoint? _weights;

    /// <exception cref="AgentStartException">The token is no good.</exception>
    public ConsoleServer(ConsoleFiles files, ConsoleOptions options, string node, Func<AgentStatus> status, ILogger log, TimeProvider time)
    {
        (_files, _options, _node) = (files, options, node);
        _weights = options.Weights is { } editor ? new WeightsEndpoint(editor, status, log) : null;
        _token = new ConsoleToken(options.TokenFile);
        _token.Check();
        _guard = new ConsoleGuard(_token, new ConsoleLogins(time));
    }

    /// <param name="answers">What the page may ask for, by name.</param>
    public void MapTo(WebApplication app, IReadOnlyDictionary<string, RequestDelegate> answers)
    {
        app.MapGet($"{Root}/{{**name}}", (RequestDelegate)FileAsync);
        app.MapPost($"{Root}/api/login", (RequestDelegate)LogInAsync);
        app.MapPost($"{Root}/api/logout", Guarded(LogOutAsync));
        app.MapGet($"{Root}/api/session", Guarded(SessionAsync));
        if (_weights is not null)
        {
            app.MapPost($"{Root}/api/weights", Guarded(_weights.ServeAsync));
        }
        if (_options.Prometheus is { } prometheus)
        {
            app.MapGet($"{Root}/api/prometheus", Guarded(new PrometheusEndpoint(prometheus).ServeAsync));
        }
        foreach (var (name, answer) in answers)
        {
            app.MapGet($"{Root}/api/{name}", Guarded(answer));
        }
    }

    private RequestDelegate Guarded(RequestDelegate answer) => context =>
    {
        Protect(context.Response);
        context.Response.Headers.CacheControl = "no-store";
        return _guard.Check(context) is { } refusal ? RefuseAsync(context, refusal) : answer(context);
    };

    private Task FileAsync(HttpContext context)
    {
        Protect(context.Response);
        if (context.Request.Path == Root)
        {
            // What the page asks for is told by its own address.
            context.Response.Redirect($"{Root}/");
            return Task.CompletedTask;
        }
        var name = context.Request.RouteValues["name"] as string is { Length: > 0 } given ? given : ConsoleFiles.Index;
        if (!_files.IsBuilt)
        {
            return RefuseAsync(context, new Refusal(StatusCodes.Status404NotFound, "this agent was built without the console: build it with `make build`, which builds agent/console first"));
        }
        if (_files.Find(name) is not { } file)
        {
            return RefuseAsync(context, new Refusal(StatusCodes.Status404NotFound, "there is no such page"));
        }
        context.Response.Headers.ETag = file.Tag;
        context.Response.Headers.CacheControl = "no-cache";
        if (context.Request.Headers.IfNoneMatch.ToString() == file.Tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        context.Response.ContentType = file.ContentType;
        context.Response.ContentLength = file.Content.Length;
        return context.Response.Body.WriteAsync(file.Content, context.RequestAborted).AsTask();
    }

    private Task SessionAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        var session = new ConsoleSession(_node, _guard.Word, _weights is not null, _guard.NeedsToken(context.Request), _options.Prometheus is not null, _guard.IsLoggedIn(context.Request));
        return context.Response.WriteAsync(JsonSerializer.Serialize(session, ConsoleJson.Default.ConsoleSession), context.RequestAborted);
    }

    private Task LogInAsync(HttpContext context)
    {
        Protect(context.Response);
        if (_guard.LogIn(context.Request) is not { } login)
        {
            return RefuseAsync(context, new Refusal(StatusCodes.Status401Unauthorized, _token.IsGiven ? "that is not the console's token" : "this agent has no token for the console: it is for its machine alone"));
        }
        SetCookie(context.Response, login, ConsoleLogins.Lifetime);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private Task LogOutAsync(HttpContext context)
    {
        _guard.LogOut(context.Request);
        SetCookie(context.Response, "", TimeSpan.Zero);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static void SetCookie(HttpResponse response, string value, TimeSpan age) => response.Cookies.Append(
        ConsoleGuard.Cookie, value, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = $"{Root}/", MaxAge = age });

    private static void Protect(HttpResponse response)
    {
        var headers = response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }

    private static Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        context.Response.StatusCode = refusal.Status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(refusal.Why + "\n", context.RequestAborted);
    }
}
