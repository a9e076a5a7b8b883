using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Rollouts;

/// <summary>A Rollout with what it is about.</summary>
/// <param name="Target">null: it is not in force, and <paramref name="Accepted"/> says why.</param>
internal sealed record CompiledRollout(Rollout Rollout, RouteCondition Accepted, RolloutTarget? Target);

/// <param name="Route">namespace/name</param>
/// <param name="Rule">As nodemesh.proto names rules.</param>
/// <param name="RuleIndex">In the route.</param>
/// <param name="Canary">namespace/name of the new version's Service.</param>
/// <param name="Revision">See <see cref="RolloutStatus.Revision"/>; as the spec is now.</param>
/// <param name="Backends">See <see cref="RolloutStatus.Route"/>; as the route is now.</param>
internal sealed record RolloutTarget(string Route, string Rule, int RuleIndex, string Canary, uint CanaryPort, string Revision, string Backends)
{
    /// <summary>The new version's share in percent; null: the route's own weights count.</summary>
    public int? Weight(RolloutStatus? status) => status?.Revision != Revision ? 0 : status.Phase switch
    {
        RolloutStatus.Finished => null,
        RolloutStatus.Promoted or RolloutStatus.RolledBack when status.Route != Backends => null,
        _ => status.Weight,
    };

    /// <summary>It is still to be decided.</summary>
    public bool IsOpen(RolloutStatus? status) => status?.Revision != Revision || status.Phase is RolloutStatus.Progressing or RolloutStatus.Paused;
}
