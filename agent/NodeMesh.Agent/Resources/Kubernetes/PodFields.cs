using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>
/// What is kept of pods of other nodes, with equal parts shared: the pods of one ReplicaSet have the same labels, owner and account,
/// and a cluster has a hundred thousand pods. For one thread at a time.
/// </summary>
internal sealed class PodFields
{
    private const int MostStrings = 100_000;

    private readonly Dictionary<string, string> _strings = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<OwnerReference>> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<Container>> _containers = new(StringComparer.Ordinal);
    private static readonly IReadOnlyList<PodCondition> Ready = [new PodCondition { Type = "Ready", Status = "True" }];
    private static readonly IReadOnlyList<PodCondition> NotReady = [new PodCondition { Type = "Ready", Status = "False" }];

    public Pod Keep(Pod pod)
    {
        if (_strings.Count > MostStrings)
        {
            // Names of what is long gone; what is in use is merely no longer shared with what comes.
            Forget();
        }
        var metadata = KeptFields.Of(pod.Metadata);
        var owner = metadata.OwnerReferences.FirstOrDefault(reference => reference.Controller);
        var family = Shared($"{metadata.Namespace}/{owner?.Kind}/{owner?.Name}");
        return new Pod
        {
            Metadata = metadata with
            {
                Namespace = Shared(metadata.Namespace),
                Labels = Shared(_labels, family, metadata.Labels, SameLabels),
                OwnerReferences = owner is null ? [] : Shared(_owners, family, [owner], (a, b) => a.SequenceEqual(b)),
            },
            Spec = new PodSpec
            {
                NodeName = Shared(pod.Spec.NodeName),
                ServiceAccountName = Shared(pod.Spec.ServiceAccountName),
                HostNetwork = pod.Spec.HostNetwork,
                Containers = Shared(_containers, family, Ports([.. pod.Spec.InitContainers, .. pod.Spec.Containers]), SameContainers),
            },
            Status = new PodStatus
            {
                Phase = pod.Status.Phase is null ? null : Shared(pod.Status.Phase),
                PodIP = pod.Status.PodIPs.Count == 0 ? pod.Status.PodIP : null,
                PodIPs = pod.Status.PodIPs,
                Conditions = pod.Status.Conditions.FirstOrDefault(c => c.Type == "Ready") switch
                {
                    null => [],
                    { Status: "True" } => Ready,
                    _ => NotReady,
                },
            },
        };
    }

    private void Forget()
    {
        _strings.Clear();
        _labels.Clear();
        _owners.Clear();
        _containers.Clear();
    }

    private string Shared(string text)
    {
        if (_strings.TryGetValue(text, out var known))
        {
            return known;
        }
        _strings.Add(text, text);
        return text;
    }

    // The last of the family to come is who the next is compared with.
    private static T Shared<T>(Dictionary<string, T> known, string family, T value, Func<T, T, bool> same)
    {
        if (known.TryGetValue(family, out var last) && same(last, value))
        {
            return last;
        }
        known[family] = value;
        return value;
    }

    private static bool SameLabels(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) =>
        a.Count == b.Count && a.All(label => b.TryGetValue(label.Key, out var value) && value == label.Value);

    private static IReadOnlyList<Container> Ports(IReadOnlyList<Container> containers) =>
        [.. containers.Where(container => container.Ports.Count > 0).Select(container => new Container { Name = container.Name, Ports = container.Ports })];

    private static bool SameContainers(IReadOnlyList<Container> a, IReadOnlyList<Container> b) =>
        a.Count == b.Count && a.Zip(b).All(pair => pair.First.Name == pair.Second.Name && pair.First.Ports.SequenceEqual(pair.Second.Ports));
}
