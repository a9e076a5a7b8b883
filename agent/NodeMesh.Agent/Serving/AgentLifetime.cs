using Microsoft.Extensions.Hosting;

namespace NodeMesh.Agent.Serving;

/// <summary>
/// For the servers inside the agent: they live as long as the agent says. By default each would take signals by itself, and at SIGTERM
/// close its socket while pods are still being released, or fail its start.
/// </summary>
internal sealed class AgentLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
