using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace NodeMesh.Agent.Serving;

/// <summary>
/// The servers inside the agent. Only the agent's options say what they do: the usual builders read settings from the environment and from files in the
/// current directory, and watch every directory below it, which in a container is the whole file system.
/// </summary>
internal static class EmbeddedServer
{
    public static WebApplicationBuilder NewBuilder(Action<KestrelServerOptions> configure)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(configure);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, AgentLifetime>();
        return builder;
    }

    /// <summary>
    /// They live as long as the agent says. By default each would take signals by itself, and at SIGTERM close its socket while pods are still being
    /// released, or fail its start.
    /// </summary>
    private sealed class AgentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
