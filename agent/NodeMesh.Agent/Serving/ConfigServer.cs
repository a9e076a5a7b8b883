using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace NodeMesh.Agent.Serving;

/// <summary>Hosts <see cref="ConfigService"/> on config.sock: a server of its own, so that nothing of it can be reached over TCP.</summary>
internal static class ConfigServer
{
    public static async Task<WebApplication> StartAsync(string path, uint proxyUser, SnapshotPublisher publisher, ProxySessions sessions, TapHub taps)
    {
        File.Delete(path);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IHostLifetime, AgentLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton(new ConfigService(publisher, sessions, taps));
        var app = builder.Build();
        app.MapGrpcService<ConfigService>();
        await app.StartAsync().ConfigureAwait(false);
        StateDirectory.Share(path, proxyUser);
        return app;
    }
}
