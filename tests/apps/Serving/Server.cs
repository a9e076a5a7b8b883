using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace NodeMesh.TestApp.Serving;

/// <summary>All servers of one app, in one process, on IPv4 and IPv6.</summary>
internal static class Server
{
    /// <summary>Says "ready" on stdout once every port listens.</summary>
    public static async Task<int> RunAsync(ServeOptions options)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<LimitServer>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.AddServerHeader = false;
            Listen(kestrel, options.Http, HttpProtocols.Http1);
            Listen(kestrel, options.H2c, HttpProtocols.Http2);
            Listen(kestrel, options.Grpc, HttpProtocols.Http2);
            Listen(kestrel, options.Https, HttpProtocols.Http1AndHttp2, options.Certificate is { } file ? X509Certificate2.CreateFromPemFile(file) : null);
        });

        await using var app = builder.Build();
        app.UseWebSockets();
        app.MapGrpcService<GrpcEcho>();
        app.MapGrpcService<CheckServer>();
        app.MapGrpcService<LimitServer>();
        app.MapPost(GrpcHealth.Path, new GrpcHealth(options.Health).AnswerAsync);
        app.MapFallback(new HttpEcho(options.Name, options.Status, options.Delay).HandleAsync);

        TcpServer[] servers =
        [
            new(options.Opaque, new OpaqueServer(options.Name).ServeAsync),
            new(options.ServerFirst, new ServerFirst(options.Name).ServeAsync),
            new(options.Tls, new TlsEcho(options.Name).ServeAsync),
        ];
        foreach (var server in servers)
        {
            server.Start();
        }
        await app.StartAsync();
        Console.WriteLine("ready");

        var stop = new TaskCompletionSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => { context.Cancel = true; stop.TrySetResult(); });
        await stop.Task;
        return 0;
    }

    private static void Listen(KestrelServerOptions kestrel, int port, HttpProtocols protocols, X509Certificate2? certificate = null)
    {
        if (port != 0)
        {
            kestrel.Listen(IPAddress.IPv6Any, port, listen =>
            {
                listen.Protocols = protocols;
                if (certificate is not null)
                {
                    listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => certificate); // chosen, so that Kestrel looks for the server name
                }
            });
        }
    }
}
