using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Serving;
using NodeMesh.Agent.Serving.Console;
using Xunit;

namespace NodeMesh.UnitTests.WebConsole;

/// <summary>The console's files and API over real HTTP.</summary>
public sealed class ConsoleServerTests
{
    private static readonly Dictionary<string, byte[]> Files = new() { ["index.html"] = "<html>"u8.ToArray(), ["console.js"] = "1"u8.ToArray() };

    [Fact]
    public async Task An_agent_that_was_built_without_it_says_so()
    {
        await using var app = await StartAsync([]);
        using var http = Client(app);

        using var answer = await http.GetAsync(new Uri("/console/", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("built without the console", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_have_types_and_tags_and_nothing_else_is_found()
    {
        await using var app = await StartAsync(Files);
        using var http = Client(app);

        using var page = await http.GetAsync(new Uri("/console/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("text/html; charset=utf-8", page.Content.Headers.ContentType!.ToString());
        using var script = await http.GetAsync(new Uri("/console/console.js", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("text/javascript; charset=utf-8", script.Content.Headers.ContentType!.ToString());
        using var again = new HttpRequestMessage(HttpMethod.Get, new Uri("/console/console.js", UriKind.Relative)) { Headers = { IfNoneMatch = { script.Headers.ETag! } } };
        Assert.Equal(HttpStatusCode.NotModified, (await http.SendAsync(again, TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/console/other.js", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/console/api/other", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
    }

    [Theory]
    [InlineData("/console/")]
    [InlineData("/console/console.js")]
    [InlineData("/console/nothing")]
    [InlineData("/console/api/pods")]
    [InlineData("/console/api/session")]
    public async Task Every_answer_forbids_what_the_page_does_not_need(string path)
    {
        await using var app = await StartAsync(Files);
        using var http = Client(app);

        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task Answers_are_for_reading()
    {
        await using var app = await StartAsync(Files);
        using var http = Client(app);

        Assert.Equal("pods", await http.GetStringAsync(new Uri("/console/api/pods", UriKind.Relative), TestContext.Current.CancellationToken));
        using var body = new StringContent("{}", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.PostAsync(new Uri("/console/api/pods", UriKind.Relative), body, TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.PostAsync(new Uri("/console/api/logout", UriKind.Relative), body, TestContext.Current.CancellationToken)).StatusCode);
    }

    private static async Task<WebApplication> StartAsync(Dictionary<string, byte[]> files)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        new ConsoleServer(new ConsoleFiles(files), new ConsoleOptions(), "a-node", () => AgentStatus.Empty, NullLogger.Instance, TimeProvider.System)
            .MapTo(app, new Dictionary<string, RequestDelegate> { ["pods"] = context => context.Response.WriteAsync("pods") });
        await app.StartAsync();
        return app;
    }

    private static HttpClient Client(WebApplication app) => new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()),
    };
}
