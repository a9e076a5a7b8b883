using System.Net;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Reporting;

/// <summary>Takes what a node has to say where operators look for it.</summary>
internal interface INodeReports
{
    /// <summary>The newest counts. Returns at once.</summary>
    void Publish(NodeReport report);

    /// <summary>This agent decides what all know alike.</summary>
    bool IsElected { get; }

    /// <summary>The admin ports of the other nodes' agents.</summary>
    IReadOnlyList<IPEndPoint> Peers(ResourceSet resources, int adminPort);

    /// <summary>How far Rollouts have come, as this agent knows it: written when it is elected. Returns at once.</summary>
    void Publish(IReadOnlyList<(CompiledRollout Rollout, RolloutStatus? Status)> rollouts);

    /// <summary>Works until stopped; what the last report says of pods is written before it ends, when that can be done soon.</summary>
    Task RunAsync(CancellationToken stop);
}
