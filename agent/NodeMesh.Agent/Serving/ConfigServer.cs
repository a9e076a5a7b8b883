using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace NodeMesh.Agent.Serving;

/// <summary>Hosts <see cref="ConfigService"/> on config.sock: a server of its own, so that nothing of it can be reached over TCP.</summary>
internal static class ConfigServer
{
    public static async Task<WebApplication> StartAsync(string path, uint proxyUser, SnapshotPublisher publisher, ProxySessions sessions, TapHub taps)
    {
        File.Delete(path);
        var builder = EmbeddedServer.NewBuilder(kestrel => kestrel.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton(new ConfigService(publisher, sessions, taps));
        var app = builder.Build();
        app.MapGrpcService<ConfigService>();
        await app.StartAsync().ConfigureAwait(false);
        StateDirectory.Share(path, proxyUser);
        return app;
    }
}
