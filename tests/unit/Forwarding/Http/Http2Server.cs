using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

/// <summary>An upstream that speaks HTTP/2 with prior knowledge.</summary>
internal sealed class Http2Server(WebApplication app) : IAsyncDisposable
{
    public IPEndPoint Address { get; } =
        IPEndPoint.Parse(new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Authority);

    public static async Task<Http2Server> StartAsync(RequestDelegate serve)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        app.Run(serve);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new Http2Server(app);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
