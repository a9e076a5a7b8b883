using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace NodeMesh.Cli.Demo.Apps;

/// <summary>A gRPC server over cleartext HTTP/2, as it stands behind a Service in most clusters.</summary>
internal static class QuotesServerApp
{
    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddGrpc();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenAnyIP(port, listen => listen.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        app.MapGrpcService<QuotesService>();
        await app.RunAsync();
    }

    private sealed class QuotesService : Quotes.QuotesBase
    {
        public override Task<Quote> Get(QuoteRequest request, ServerCallContext context) => Task.FromResult(Price(request, 0));

        public override async Task Watch(QuoteRequest request, IServerStreamWriter<Quote> responseStream, ServerCallContext context)
        {
            for (var tick = 0; tick < 5; tick++)
            {
                await responseStream.WriteAsync(Price(request, tick), context.CancellationToken);
            }
        }

        private static Quote Price(QuoteRequest request, int tick) => new() { Symbol = request.Symbol, Price = 1000 + tick };
    }
}
