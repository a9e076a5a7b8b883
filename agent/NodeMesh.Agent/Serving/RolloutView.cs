using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Serving;

/// <summary>A Rollout as the admin port shows it.</summary>
/// <param name="Weight">The new version's share in percent; null: the route's own weights count.</param>
internal sealed record RolloutView(string Namespace, string Name, RouteCondition Accepted, string? Route, string? Rule, int Steps, int? Weight, RolloutStatus? Status)
{
    public static RolloutView Of(CompiledRollout rollout, RolloutStatus? status)
    {
        var (metadata, target) = (rollout.Rollout.Metadata, rollout.Target);
        return new RolloutView(
            metadata.Namespace, metadata.Name, rollout.Accepted, target?.Route, target?.Rule, rollout.Rollout.Spec.Steps.Count, target?.Weight(status), status);
    }
}
