using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>
/// Who may ask the console's API: whoever dials it from this machine, as with /tap; others with the token, or with the cookie that a browser gets for it.
/// No other site's page gets anything, nor one that has made its name mean this address; and who changes something says the word that only the page can have read.
/// </summary>
internal sealed class ConsoleGuard(ConsoleToken token, ConsoleLogins logins)
{
    public const string Cookie = "nodemesh-console";

    /// <summary>A request header with the token, where Authorization is for somebody on the way (the API server).</summary>
    public const string TokenHeader = "nodemesh-console-token";

    /// <summary>A request header with <see cref="Word"/>.</summary>
    public const string WordHeader = "nodemesh-csrf";

    private const string Bearer = "Bearer ";

    /// <summary>What a request that changes something has to say.</summary>
    public string Word { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <returns>null: it may pass.</returns>
    public Refusal? Check(HttpContext context)
    {
        if (IsOfAnotherSite(context.Request))
        {
            return new Refusal(StatusCodes.Status403Forbidden, "this is for the console's own page, not for another site's");
        }
        // A token that is given but wrong is told as such, also on this machine.
        if (Shown(context.Request) is { } shown ? !token.Is(shown) : !IsLocal(context) && !IsLoggedIn(context.Request))
        {
            return new Refusal(
                StatusCodes.Status401Unauthorized,
                token.IsGiven
                    ? "the console's token is needed: it is in the file that the agent was given with --console-token"
                    : "the console is for this machine alone: ask its loopback address, or start the agent with --console-token FILE");
        }
        if (IsRead(context.Request))
        {
            return null;
        }
        return NeedsToken(context.Request) ? new Refusal(StatusCodes.Status401Unauthorized, "a change needs the console's token, also on this machine")
            : IsOfPage(context.Request) ? null
            : new Refusal(StatusCodes.Status403Forbidden, "a change has to come from the console's own page: load it anew");
    }

    /// <summary>Where there is a token, changes need it from everybody: any process of this machine can dial its loopback address.</summary>
    public bool NeedsToken(HttpRequest request) => token.IsGiven && !IsLoggedIn(request) && !(Shown(request) is { } shown && token.Is(shown));

    /// <summary>Whether a browser on this machine may log in by the token, whoever it is.</summary>
    /// <returns>null: it has not shown the token.</returns>
    public string? LogIn(HttpRequest request) => !IsOfAnotherSite(request) && Shown(request) is { } shown && token.Is(shown) ? logins.Add() : null;

    public void LogOut(HttpRequest request) => logins.Remove(request.Cookies[Cookie] ?? "");

    /// <summary>
    /// From this machine, and by an address: a page in a browser here must not ask by a name that it has made to mean 127.0.0.1. What somebody passes on is the
    /// other's question, from wherever that is.
    /// </summary>
    public static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } from && IPAddress.IsLoopback(from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from)
        && (IPAddress.TryParse(context.Request.Host.Host.Trim('[', ']'), out _) || context.Request.Host.Host is "localhost" or "")
        && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");

    private static bool IsOfAnotherSite(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"].ToString() is not ("" or "same-origin" or "none")
        || (request.Headers.Origin.ToString() is { Length: > 0 } origin && !(Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value));

    private static bool IsRead(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    // A form of another site can neither set this field nor say that it sends JSON.
    private bool IsOfPage(HttpRequest request) => request.Headers[WordHeader].ToString() == Word && request.HasJsonContentType();

    public bool IsLoggedIn(HttpRequest request) => request.Cookies[Cookie] is { } id && logins.Knows(id);

    private static string? Shown(HttpRequest request) =>
        request.Headers[TokenHeader].ToString() is { Length: > 0 } own ? own
        : request.Headers[HeaderNames.Authorization].ToString() is { } authorization && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim()
        : null;
}
