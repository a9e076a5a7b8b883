using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Serving.Console;
using NodeMesh.Contract.Telemetry;

namespace NodeMesh.Agent.Serving;

/// <summary>
/// /log-level: what agent and proxy log of their own. <c>POST /log-level?level=debug&amp;seconds=600</c> from this machine changes it for both, for a time: nobody
/// remembers to change it back.
/// </summary>
internal sealed class LogLevelEndpoint(LogLevels levels, ProxySessions sessions)
{
    private const int DefaultSeconds = 600;
    private const int MostSeconds = 24 * 3600;

    public async Task ServeAsync(HttpContext context)
    {
        if (HttpMethods.IsPost(context.Request.Method) && await SetAsync(context).ConfigureAwait(false) is var (status, problem) && status != StatusCodes.Status200OK)
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(problem + "\n", context.RequestAborted).ConfigureAwait(false);
            return;
        }
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync($"{{\"level\":\"{levels.Current.ToString().ToLowerInvariant()}\"}}\n", context.RequestAborted).ConfigureAwait(false);
    }

    private async Task<(int Status, string Problem)> SetAsync(HttpContext context)
    {
        if (!ConsoleGuard.IsLocal(context) || context.Request.Headers.Origin.Count > 0) // nor a page that somebody here has open
        {
            return (StatusCodes.Status403Forbidden, "the level is changed from the node itself: ask the agent's loopback address there, or run nodemesh log-level in the agent's container");
        }
        var query = context.Request.Query;
        if (!Enum.TryParse<LogLevel>(query["level"], ignoreCase: true, out var level) || !Enum.IsDefined(level))
        {
            return (StatusCodes.Status400BadRequest, $"level is trace, debug, information, warning, error, critical or none, not {query["level"]}");
        }
        var seconds = DefaultSeconds;
        if (query["seconds"].ToString() is { Length: > 0 } text && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds) || seconds is 0 or > MostSeconds))
        {
            return (StatusCodes.Status400BadRequest, $"seconds is 1 to {MostSeconds}, not {text}");
        }
        levels.Set(level, TimeSpan.FromSeconds(seconds));
        return await sessions.SetLogLevelAsync(level, seconds).ConfigureAwait(false)
            ? (StatusCodes.Status200OK, "")
            : (StatusCodes.Status502BadGateway, "the agent's level is changed; the proxy has not answered");
    }
}
