using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Validation;

namespace NodeMesh.Agent.Compiler;

/// <summary>Reads a pod, with its Namespace and what was observed of it, by itself alone.</summary>
internal static class PodReading
{
    /// <summary>null: the pod has ended, and has neither addresses nor a sandbox.</summary>
    public static PodFacts? Read(Pod pod, Namespace? home, IReadOnlyList<IPAddress> observed, string node, ResourceSet resources, FailurePolicy onFailure)
    {
        if (pod.Status.Phase is "Succeeded" or "Failed")
        {
            return null;
        }
        var problems = new List<ResourceProblem>();
        var declared = Declared(pod.Status);
        var netns = CaptureAnnotations.Netns(pod.Metadata, problems) ?? NetnsByUid(pod, declared, node);
        var isLocal = netns is not null && (pod.Spec.NodeName.Length == 0 || pod.Spec.NodeName == node);
        var claimed = pod.Spec.HostNetwork ? [] : Merge(declared, observed);
        if (netns is not null && !isLocal && claimed.Count == 0 && !pod.Spec.HostNetwork)
        {
            problems.Add(new ResourceProblem("Pod", pod.Metadata.Id, "NoAddress",
                $"the pod is on node {pod.Spec.NodeName}, where this one can not look, and has no status.podIPs: it is not known here by address"));
        }
        var opaquePorts = AnnotationList.Ports("Pod", pod.Metadata, MeshLabels.OpaquePorts, problems);
        IReadOnlyList<ushort> opaqueInNamespace = home is null ? [] : AnnotationList.Ports("Namespace", home.Metadata, MeshLabels.OpaquePorts, []);
        var probes = isLocal ? PodProbe.Of(pod.Spec) : [];
        var options = CaptureAnnotations.Options(pod.Metadata, home?.Metadata, onFailure, problems);
        var runsOn = pod.Spec.NodeName.Length == 0 && isLocal ? node : pod.Spec.NodeName;
        return new PodFacts(pod)
        {
            Declared = declared,
            Claimed = claimed,
            Netns = isLocal ? netns : null,
            Enrolled = Enrolment.IsEnrolled(pod, home, problems),
            Options = probes.Count == 0 ? options : options with { Probes = PodProbe.Ports(probes, port => opaquePorts.Contains(port) || opaqueInNamespace.Contains(port)) },
            Probes = probes,
            OpaquePorts = opaquePorts,
            OpaqueInNamespace = opaqueInNamespace,
            Node = runsOn,
            Zone = pod.Metadata.Labels.GetValueOrDefault(MeshLabels.Zone)
                ?? resources.Nodes.GetValueOrDefault(runsOn)?.Metadata.Labels.GetValueOrDefault(MeshLabels.Zone) ?? "",
            IsReady = IsReady(pod.Status),
            Problems = problems.Count == 0 ? [] : problems,
        };
    }

    /// <summary>A pod that the kubelet runs here names no namespace, and is found by its processes once it has an address.</summary>
    private static string? NetnsByUid(Pod pod, List<IPAddress> declared, string node)
    {
        var uid = pod.Metadata.Annotations.GetValueOrDefault(Pod.StaticUidAnnotation) ?? pod.Metadata.Uid;
        return uid is { Length: > 0 } && pod.Spec.NodeName == node && !pod.Spec.HostNetwork && declared.Count > 0
            && !pod.Metadata.Annotations.ContainsKey(MeshLabels.Netns) ? LocalPod.ByUid + uid : null;
    }

    /// <summary>A hand-written pod has no conditions: it counts as ready once it runs, and it runs unless it says otherwise.</summary>
    private static bool IsReady(PodStatus status)
    {
        foreach (var condition in status.Conditions)
        {
            if (condition.Type == "Ready")
            {
                return condition.Status == "True";
            }
        }
        return status.Phase is null or "Running";
    }

    private static List<IPAddress> Declared(PodStatus status)
    {
        var addresses = new List<IPAddress>(2);
        foreach (var entry in status.PodIPs)
        {
            Add(entry.Ip);
        }
        if (status.PodIP is { } single)
        {
            Add(single);
        }
        return addresses;

        void Add(string text)
        {
            if (Addresses.TryParse(text, out var address) && !addresses.Contains(address))
            {
                addresses.Add(address);
            }
        }
    }

    // Not simply all that is found: a pod that runs containers of its own has a bridge address that many such pods have.
    private static List<IPAddress> Merge(List<IPAddress> declared, IReadOnlyList<IPAddress> observed)
    {
        if (observed.Count == 0)
        {
            return declared;
        }
        var hasV4 = declared.Exists(address => address.AddressFamily == AddressFamily.InterNetwork);
        var hasV6 = declared.Exists(address => address.AddressFamily == AddressFamily.InterNetworkV6);
        return [.. declared, .. observed.Distinct().Where(address => address.AddressFamily == AddressFamily.InterNetwork ? !hasV4 : !hasV6)];
    }
}
