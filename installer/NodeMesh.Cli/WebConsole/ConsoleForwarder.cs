using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli.WebConsole;

/// <summary>A listener on this machine's loopback address that passes on to an agent what the console asks for, and nothing else.</summary>
/// <param name="token">What lets in whoever is not on the agent's own machine; null: nothing is needed.</param>
internal sealed class ConsoleForwarder(MeshAgents agents, MeshNode node, string? token) : IAsyncDisposable
{
    private const string TokenHeader = "nodemesh-console-token";

    // All that the agent asks for, or that saves it an answer.
    private static readonly string[] PassedOn = ["Accept", "Accept-Encoding", "If-None-Match", "nodemesh-csrf"];

    private static readonly string[] OfOneConnection = ["Connection", "Keep-Alive", "Transfer-Encoding", "Date", "Server", "Audit-Id"];

    private WebApplication? _app;
    private ConsoleDoor? _door;

    /// <summary>Opens the console, the first time.</summary>
    public Uri Link => _door!.Link;

    /// <param name="port">0: any.</param>
    /// <exception cref="ClusterException">The port is taken.</exception>
    public async Task StartAsync(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<Microsoft.Extensions.Hosting.IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        _app = builder.Build();
        _app.Run(ServeAsync);
        try
        {
            await _app.StartAsync();
        }
        catch (IOException e)
        {
            throw new ClusterException($"port {port} of 127.0.0.1 can't be listened on: {e.Message}; choose another with --port", null, e);
        }
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        _door = new ConsoleDoor(new Uri(address).Port);
    }

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? default;

    private async Task ServeAsync(HttpContext context)
    {
        if (_door!.TryEnter(context))
        {
            context.Response.Redirect("/console/");
            return;
        }
        if (!_door.LetsPass(context.Request))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "open the console by the link that `nodemesh console` prints; it works once, run it again for another");
            return;
        }
        if (!context.Request.Path.StartsWithSegments("/console", out var rest) || rest.Value is not ['/', ..] || rest.Value.Contains("..", StringComparison.Ordinal))
        {
            context.Response.Redirect("/console/");
            return;
        }
        try
        {
            using var request = Question(context.Request);
            using var answer = await agents.ForwardAsync(node, $"console{rest.ToUriComponent()}{context.Request.QueryString}", request, context.RequestAborted);
            await PassOnAsync(answer, context);
        }
        catch (ClusterException e)
        {
            await RefuseAsync(context, StatusCodes.Status502BadGateway, e.Message);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException)
        {
            context.Abort(); // one of the two has gone
        }
    }

    private HttpRequestMessage Question(HttpRequest from)
    {
        var request = new HttpRequestMessage(new HttpMethod(from.Method), (Uri?)null);
        foreach (var field in PassedOn)
        {
            if (from.Headers[field].ToString() is { Length: > 0 } value)
            {
                request.Headers.TryAddWithoutValidation(field, value);
            }
        }
        if (token is not null)
        {
            request.Headers.Add(TokenHeader, token);
        }
        if (!HttpMethods.IsGet(from.Method) && !HttpMethods.IsHead(from.Method))
        {
            request.Content = new StreamContent(from.Body);
            if (from.ContentType is { } type)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            }
        }
        return request;
    }

    private static async Task PassOnAsync(HttpResponseMessage answer, HttpContext context)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!OfOneConnection.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                context.Response.Headers[name] = values.ToArray();
            }
        }
        await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = new byte[64 * 1024];
        while (await body.ReadAsync(buffer, context.RequestAborted) is var read and > 0)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string why)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(why + "\n", context.RequestAborted);
    }

    /// <summary>Signals are the command's.</summary>
    private sealed class NoLifetime : Microsoft.Extensions.Hosting.IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
