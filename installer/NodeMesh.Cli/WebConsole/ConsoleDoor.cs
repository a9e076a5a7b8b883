using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace NodeMesh.Cli.WebConsole;

/// <summary>
/// Who may use a console that is open on this machine: the browser that followed the link, once. Others who have an account here, and pages of other sites in the same
/// browser, may not ask with the rights of whoever opened it.
/// </summary>
internal sealed class ConsoleDoor(int port)
{
    private readonly string _cookie = $"nodemesh-console-{port}";
    private readonly string _session = RandomNumberGenerator.GetHexString(64, lowercase: true);
    private string? _key = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Opens the console, the first time.</summary>
    public Uri Link => new($"http://127.0.0.1:{port}/open/{_key}");

    /// <returns>True: this is the link, and the browser is in now.</returns>
    public bool TryEnter(HttpContext context)
    {
        if (!IsOurs(context.Request) || _key is not { } key || context.Request.Path != $"/open/{key}" || Interlocked.CompareExchange(ref _key, null, key) != key)
        {
            return false;
        }
        context.Response.Cookies.Append(_cookie, _session, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/" });
        return true;
    }

    public bool LetsPass(HttpRequest request) => IsOurs(request) && IsOfThisSite(request) && request.Cookies[_cookie] == _session;

    private static bool IsOfThisSite(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin" or "none"
        && (request.Headers.Origin.ToString() is var origin && (origin.Length == 0 || origin == $"http://{request.Host.Value}"));

    // No name that somebody has made to mean this machine.
    private bool IsOurs(HttpRequest request) => request.Host.Value == $"127.0.0.1:{port}" || request.Host.Value == $"localhost:{port}";
}
