using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Serving;

/// <summary>A Rollout as the admin port shows it.</summary>
/// <param name="Weight">The new version's share in percent; null: the route's own weights count.</param>
internal sealed record RolloutView(string Namespace, string Name, RouteCondition Accepted, string? Route, string? Rule, int Steps, int? Weight, RolloutStatus? Status);
