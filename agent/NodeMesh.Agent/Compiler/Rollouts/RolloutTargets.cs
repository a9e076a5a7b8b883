using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Rollouts;

/// <summary>Finds what Rollouts are about. Of two for one rule the older has it.</summary>
internal sealed class RolloutTargets(ResourceSet resources)
{
    private readonly Dictionary<(string Route, int Rule), string> _holders = [];

    public CompiledRollout Find(Rollout rollout)
    {
        var id = $"{rollout.Metadata.Namespace}/{rollout.Spec.TargetRef.Name}";
        if (!resources.HttpRoutes.TryGetValue(id, out var route))
        {
            return Refuse(rollout, PolicyReason.TargetNotFound, $"there is no HTTPRoute {id}");
        }
        var section = rollout.Spec.TargetRef.SectionName;
        var index = section is null && route.Spec.Rules.Count == 1 ? 0 : route.Spec.Rules.ToList().FindIndex(rule => section is not null && rule.Name == section);
        if (index < 0)
        {
            return Refuse(rollout, PolicyReason.TargetNotFound, section is null
                ? $"the HTTPRoute {id} has {route.Spec.Rules.Count} rules: give the rule a name, and name it as targetRef.sectionName"
                : $"the HTTPRoute {id} has no rule named {section}");
        }
        var rule = route.Spec.Rules[index];
        if (rule.BackendRefs.FirstOrDefault(backend => !Is(rollout, backend, rollout.Spec.Stable) && !Is(rollout, backend, rollout.Spec.Canary)) is { } other)
        {
            return Refuse(rollout, PolicyReason.Invalid, $"the rule has the backend {other.Name}:{other.Port}, which is neither stable nor canary; what its share is can't be told");
        }
        if (_holders.TryGetValue((id, index), out var holder))
        {
            return Refuse(rollout, PolicyReason.Conflicted, $"{holder}, the older, is for that rule");
        }
        _holders.Add((id, index), rollout.Metadata.Id);
        var (stable, canary) = (rollout.Spec.Stable, rollout.Spec.Canary);
        return new CompiledRollout(rollout, new RouteCondition(RouteCondition.Accepted, true, PolicyReason.Accepted, "in force"), new RolloutTarget(
            id, rule.Name ?? index.ToString(CultureInfo.InvariantCulture), index, $"{rollout.Metadata.Namespace}/{canary.Name}", (uint)canary.Port,
            InShort($"{id}#{section} {stable.Name}:{stable.Port} {canary.Name}:{canary.Port} {rollout.Spec.Revision}"),
            InShort(string.Join(' ', rule.BackendRefs.Select(backend => $"{backend.Name}:{backend.Port}*{backend.Weight ?? 1}")))));
    }

    public static bool Is(Rollout rollout, BackendReference reference, RolloutBackend backend) =>
        reference is { Group: "", Kind: "Service" } && reference.Name == backend.Name && reference.Port == backend.Port
        && (reference.Namespace is null || reference.Namespace == rollout.Metadata.Namespace);

    private static CompiledRollout Refuse(Rollout rollout, string reason, string message) =>
        new(rollout, new RouteCondition(RouteCondition.Accepted, false, reason, message), null);

    private static string InShort(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)), 0, 6);
}
