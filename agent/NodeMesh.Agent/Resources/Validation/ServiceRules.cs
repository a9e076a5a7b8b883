using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Validation;

internal static class ServiceRules
{
    public static void Check(ServiceSpec spec, FieldErrors errors)
    {
        if (spec.Type is not ("ClusterIP" or "NodePort" or "LoadBalancer" or "ExternalName"))
        {
            errors.Add("spec.type", $"\"{spec.Type}\" is not ClusterIP, NodePort, LoadBalancer or ExternalName");
        }
        if (spec.ClusterIP is not ("" or "None"))
        {
            ResourceRules.CheckAddress("spec.clusterIP", spec.ClusterIP, errors);
        }
        for (var i = 0; i < spec.ClusterIPs.Count; i++)
        {
            if (spec.ClusterIPs[i] != "None")
            {
                ResourceRules.CheckAddress($"spec.clusterIPs[{i}]", spec.ClusterIPs[i], errors);
            }
        }
        foreach (var (key, value) in spec.Selector)
        {
            ResourceRules.CheckLabel("spec.selector", key, value, errors);
        }
        CheckPorts(spec.Ports, errors);
    }

    private static void CheckPorts(IReadOnlyList<ServicePort> ports, FieldErrors errors)
    {
        var names = new HashSet<string>();
        var numbers = new HashSet<(int, string)>();
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i];
            ResourceRules.CheckPort($"spec.ports[{i}].port", port.Port, errors);
            ResourceRules.CheckProtocol($"spec.ports[{i}].protocol", port.Protocol, errors);
            if (port.TargetPort is { Name: null } target && target.Number != 0)
            {
                ResourceRules.CheckPort($"spec.ports[{i}].targetPort", target.Number, errors);
            }
            if (port.Name.Length == 0 && ports.Count > 1)
            {
                errors.Add($"spec.ports[{i}].name", "is missing: a Service of several ports must name each");
            }
            else if (!names.Add(port.Name))
            {
                errors.Add($"spec.ports[{i}].name", $"\"{port.Name}\" names two ports");
            }
            if (!numbers.Add((port.Port, port.Protocol)))
            {
                errors.Add($"spec.ports[{i}].port", $"{port.Protocol} port {port.Port} stands twice");
            }
        }
    }
}
