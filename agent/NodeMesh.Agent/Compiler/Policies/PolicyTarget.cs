using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>A target of a policy, looked up.</summary>
/// <param name="Scope">As nodemesh.proto names scopes; null: none could be made out. It may stand for a Service that is not there yet.</param>
/// <param name="Refusal">Why the policy is not in force there as written.</param>
internal sealed record PolicyTarget(TargetReference Reference, string? Scope, RouteCondition? Refusal)
{
    public static PolicyTarget Found(TargetReference reference, string scope) => new(reference, scope, null);

    public static PolicyTarget Refused(TargetReference reference, string reason, string message, string? scope = null) =>
        new(reference, scope, new RouteCondition(RouteCondition.Accepted, false, reason, message));
}
