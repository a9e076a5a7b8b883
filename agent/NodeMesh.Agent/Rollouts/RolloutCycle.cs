using System.Net;
using NodeMesh.Agent.Pods;
using NodeMesh.Agent.Reporting;

namespace NodeMesh.Agent.Rollouts;

/// <summary>Asks the proxies how backends do whenever a Rollout is due, and has it driven by what they say. The control loop's, which does not wait for the answers.</summary>
/// <param name="reports">null: this node drives its own.</param>
internal sealed class RolloutCycle(RolloutDriver driver, BackendReports backends, ControlLoop loop, INodeView node, INodeReports? reports, int adminPort)
{
    private Task _collecting = Task.CompletedTask;

    private bool IsOurs => reports is not { IsElected: false };

    public void Look()
    {
        if (!IsOurs)
        {
            driver.StandBack();
            return;
        }
        if (_collecting.IsCompleted && driver.IsDue(node.Rollouts))
        {
            _collecting = AdvanceAsync(reports?.Peers(node.Resources!, adminPort) ?? []);
        }
    }

    /// <summary>After the loop has ended.</summary>
    public async Task EndAsync()
    {
        await _collecting.ConfigureAwait(false);
        backends.Dispose();
    }

    private async Task AdvanceAsync(IReadOnlyList<IPEndPoint> peers)
    {
        var found = await backends.CollectAsync(peers).ConfigureAwait(false);
        loop.Post(() =>
        {
            if (!node.IsStopping && IsOurs && driver.Advance(node.Rollouts, found))
            {
                node.Apply();
            }
        });
    }
}
