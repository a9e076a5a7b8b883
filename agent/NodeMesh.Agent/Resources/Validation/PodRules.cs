using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Validation;

internal static class PodRules
{
    public static void Check(Pod pod, FieldErrors errors)
    {
        if (pod.Status.PodIP is { Length: > 0 } address)
        {
            ResourceRules.CheckAddress("status.podIP", address, errors);
        }
        for (var i = 0; i < pod.Status.PodIPs.Count; i++)
        {
            if (!Addresses.TryParse(pod.Status.PodIPs[i].Ip, out _))
            {
                ResourceRules.CheckAddress($"status.podIPs[{i}].ip", pod.Status.PodIPs[i].Ip, errors);
            }
        }
        CheckContainers("spec.containers", pod.Spec.Containers, errors);
        CheckContainers("spec.initContainers", pod.Spec.InitContainers, errors);
    }

    private static void CheckContainers(string field, IReadOnlyList<Container> containers, FieldErrors errors)
    {
        for (var i = 0; i < containers.Count; i++)
        {
            for (var j = 0; j < containers[i].Ports.Count; j++)
            {
                if (containers[i].Ports[j].Port is < 1 or > 65535)
                {
                    ResourceRules.CheckPort($"{field}[{i}].ports[{j}].containerPort", containers[i].Ports[j].Port, errors);
                }
            }
        }
    }
}
