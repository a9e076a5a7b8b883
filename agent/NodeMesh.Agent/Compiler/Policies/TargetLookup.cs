using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>Finds the targets of policies, and remembers what was asked for: when one of them changes, policies must be compiled again.</summary>
internal sealed class TargetLookup(ResourceSet resources)
{
    /// <summary>Kind/namespace/name of Services, routes and ConfigMaps, found or not.</summary>
    public HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

    public PolicyTarget Find(IPolicy policy, TargetReference target)
    {
        var home = policy.Metadata.Namespace;
        return target switch
        {
            { Group: "", Kind: "Service" } => Service(policy, target),
            _ when policy is BackendTrafficPolicy or BackendTlsPolicy => PolicyTarget.Refused(target, PolicyReason.Invalid, $"a policy of kind {policy.Kind} is attached to Services alone"),
            { Group: "", Kind: "Namespace" } when target.Name == home => PolicyTarget.Found(target, home),
            { Group: "", Kind: "Namespace" } => PolicyTarget.Refused(
                target, PolicyReason.Invalid, $"the Namespace {target.Name} is not the policy's own; a policy rules its own namespace alone"),
            { Group: PolicyApi.Group, Kind: PolicyApi.Mesh } when home == PolicyApi.MeshNamespace => PolicyTarget.Found(target, ""),
            { Group: PolicyApi.Group, Kind: PolicyApi.Mesh } => PolicyTarget.Refused(
                target, PolicyReason.Invalid, $"policies for the mesh as a whole must be in namespace {PolicyApi.MeshNamespace}"),
            { Group: GatewayApi.Group, Kind: GatewayApi.HttpRoute } when policy is RateLimitPolicy or FaultPolicy or AuthorizationPolicy or TelemetryPolicy => Route(
                target, home, resources.HttpRoutes.GetValueOrDefault($"{home}/{target.Name}")?.Spec.Rules.Select(rule => rule.Name).ToList()),
            { Group: GatewayApi.Group, Kind: GatewayApi.GrpcRoute } when policy is RateLimitPolicy or FaultPolicy or AuthorizationPolicy or TelemetryPolicy => Route(
                target, home, resources.GrpcRoutes.GetValueOrDefault($"{home}/{target.Name}")?.Spec.Rules.Select(rule => rule.Name).ToList()),
            _ => PolicyTarget.Refused(
                target, PolicyReason.Invalid, $"{(target.Group.Length == 0 ? "" : $"{target.Group}/")}{target.Kind} is no kind that a {policy.Kind} can be attached to"),
        };
    }

    /// <param name="service">namespace/name</param>
    public bool HasPort(string service, int port)
    {
        Asked.Add($"Service/{service}");
        return resources.Services.TryGetValue(service, out var found) && found.Spec.Ports.Any(declared => declared.Port == port && declared.Protocol == "TCP");
    }

    public ConfigMap? ConfigMap(string id)
    {
        Asked.Add($"ConfigMap/{id}");
        return resources.ConfigMaps.GetValueOrDefault(id);
    }

    private PolicyTarget Service(IPolicy policy, TargetReference target)
    {
        var id = $"{policy.Metadata.Namespace}/{target.Name}";
        Asked.Add($"Service/{id}");
        if (target.SectionName is not null && policy is EgressPolicy or BackendTrafficPolicy)
        {
            return PolicyTarget.Refused(target, PolicyReason.Invalid, $"an {policy.Kind} is for the pods behind a Service as a whole, not for a port of it");
        }
        if (!resources.Services.TryGetValue(id, out var service))
        {
            // What it says holds as soon as the Service is there.
            return PolicyTarget.Refused(target, PolicyReason.TargetNotFound, $"there is no Service {id}", target.SectionName is null ? id : null);
        }
        if (target.SectionName is null)
        {
            return PolicyTarget.Found(target, id);
        }
        var port = service.Spec.Ports.FirstOrDefault(port => port.Name == target.SectionName && port.Protocol == "TCP");
        return port is null
            ? PolicyTarget.Refused(target, PolicyReason.TargetNotFound, $"the Service {id} has no TCP port named {target.SectionName}")
            : PolicyTarget.Found(target, $"{id}:{port.Port}");
    }

    private PolicyTarget Route(TargetReference target, string home, List<string?>? rules)
    {
        var id = $"{target.Kind}/{home}/{target.Name}";
        Asked.Add(id);
        if (rules is null)
        {
            return PolicyTarget.Refused(target, PolicyReason.TargetNotFound, $"there is no {target.Kind} {home}/{target.Name}", target.SectionName is null ? id : null);
        }
        if (target.SectionName is null)
        {
            return PolicyTarget.Found(target, id);
        }
        return rules.Contains(target.SectionName)
            ? PolicyTarget.Found(target, $"{id}#{target.SectionName}")
            : PolicyTarget.Refused(target, PolicyReason.TargetNotFound, $"the {target.Kind} {home}/{target.Name} has no rule named {target.SectionName}");
    }
}
