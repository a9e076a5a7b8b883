using System.Globalization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using NodeMesh.Agent.Serving.Console;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Serving;

/// <summary>/tap: a line of JSON for each request and connection that matches, as it ends, for as long as the client stays.</summary>
/// <param name="isOpen">Who reaches the admin address may watch; else only who is on this machine.</param>
internal sealed class TapEndpoint(TapHub taps, bool isOpen)
{
    private const uint DefaultPerSecond = 100;
    private const uint MostPerSecond = 1_000;

    // Proxies on the way, and clients, learn that it is still there.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    public async Task ServeAsync(HttpContext context)
    {
        if (!isOpen && !ConsoleGuard.IsLocal(context))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "traffic may be watched from this machine alone: ask its loopback address, or start the agent with --tap anywhere (the chart's value tap)").ConfigureAwait(false);
            return;
        }
        await WatchAsync(context).ConfigureAwait(false);
    }

    /// <summary>For somebody who may.</summary>
    public async Task WatchAsync(HttpContext context)
    {
        if (Read(context.Request.Query, out var problem) is not { } filter)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, problem).ConfigureAwait(false);
            return;
        }
        if (taps.Open(filter) is not { } tap)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, $"{TapHub.Most} are watching already, as many as may: try again when one has gone").ConfigureAwait(false);
            return;
        }
        try
        {
            await StreamAsync(context, tap.Events).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client went.
        }
        finally
        {
            taps.Close(tap.Tap);
        }
    }

    private static async Task StreamAsync(HttpContext context, ChannelReader<TapEvent> events)
    {
        context.Response.ContentType = "application/x-ndjson";
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        while (true)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            waiting.CancelAfter(Silence);
            try
            {
                await events.WaitToReadAsync(waiting.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync("\n", context.RequestAborted).ConfigureAwait(false);
            }
            while (events.TryRead(out var told))
            {
                if (told.LeftOut > 0)
                {
                    await context.Response.WriteAsync($"{{\"left_out\":{told.LeftOut}}}\n", context.RequestAborted).ConfigureAwait(false);
                }
                if (told.Json.Length > 0)
                {
                    await context.Response.Body.WriteAsync(told.Json.Memory, context.RequestAborted).ConfigureAwait(false);
                    await context.Response.WriteAsync("\n", context.RequestAborted).ConfigureAwait(false);
                }
            }
            await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static TapFilter? Read(IQueryCollection query, out string problem)
    {
        problem = "";
        var header = query["header"].ToString().Split(':', 2);
        var filter = new TapFilter
        {
            Pod = query["pod"].ToString(),
            Service = query["service"].ToString(),
            PathPrefix = query["path"].ToString(),
            Method = query["method"].ToString(),
            Header = header[0].Trim().ToLowerInvariant(),
            HeaderValue = header.ElementAtOrDefault(1)?.Trim() ?? "",
            PerSecond = DefaultPerSecond,
        };
        if (query["rate"].ToString() is { Length: > 0 } rate)
        {
            if (!uint.TryParse(rate, NumberStyles.None, CultureInfo.InvariantCulture, out var perSecond) || perSecond is 0 or > MostPerSecond)
            {
                problem = $"rate is 1 to {MostPerSecond} a second, not {rate}";
                return null;
            }
            filter.PerSecond = perSecond;
        }
        foreach (var status in query["status"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!TryRead(status, out var range))
            {
                problem = $"{status} is neither a status such as 404 nor a class such as 5xx";
                return null;
            }
            filter.Statuses.Add(range);
        }
        return filter;
    }

    private static bool TryRead(string status, out StatusRange range)
    {
        const uint Classes = 100;
        range = new StatusRange();
        if (status.Length == 3 && status[0] is >= '1' and <= '5' && status.EndsWith("xx", StringComparison.OrdinalIgnoreCase))
        {
            range.First = (uint)(status[0] - '0') * Classes;
            range.Last = range.First + Classes - 1;
            return true;
        }
        var isOne = uint.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var one) && one < 600;
        range.First = range.Last = one;
        return isOne;
    }

    private static Task RefuseAsync(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(why + "\n", context.RequestAborted);
    }
}
