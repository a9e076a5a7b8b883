namespace NodeMesh.Agent.Compiler;

/// <summary>The compiled pods by id, namespace, node and label.</summary>
internal sealed class PodIndex
{
    private readonly Dictionary<string, CompiledPod> _pods = new(StringComparer.Ordinal);
    private readonly MultiMap<string, string> _byNamespace = new();
    private readonly MultiMap<string, string> _byNode = new();
    private readonly MultiMap<(string Namespace, string Key, string Value), string> _byLabel = new();

    public CompiledPod? Find(string id) => _pods.GetValueOrDefault(id);

    public IReadOnlyCollection<string> InNamespace(string name) => _byNamespace[name];

    public IReadOnlyCollection<string> OnNode(string name) => _byNode[name];

    public void Put(CompiledPod pod)
    {
        var metadata = pod.Facts.Pod.Metadata;
        if (Find(pod.Facts.Id) is { } before && ReferenceEquals(before.Facts.Pod, pod.Facts.Pod) && before.Facts.Node == pod.Facts.Node)
        {
            _pods[pod.Facts.Id] = pod;
            return;
        }
        Remove(pod.Facts.Id);
        _pods.Add(pod.Facts.Id, pod);
        _byNamespace.Add(metadata.Namespace, pod.Facts.Id);
        _byNode.Add(pod.Facts.Node, pod.Facts.Id);
        foreach (var (key, value) in metadata.Labels)
        {
            _byLabel.Add((metadata.Namespace, key, value), pod.Facts.Id);
        }
    }

    public void Remove(string id)
    {
        if (!_pods.Remove(id, out var pod))
        {
            return;
        }
        var metadata = pod.Facts.Pod.Metadata;
        _byNamespace.Remove(metadata.Namespace, id);
        _byNode.Remove(pod.Facts.Node, id);
        foreach (var (key, value) in metadata.Labels)
        {
            _byLabel.Remove((metadata.Namespace, key, value), id);
        }
    }

    /// <summary>The pods a selector means; an empty selector means none.</summary>
    public IEnumerable<CompiledPod> Select(string inNamespace, IReadOnlyDictionary<string, string> selector)
    {
        IReadOnlyCollection<string>? fewest = null;
        foreach (var (key, value) in selector)
        {
            var ids = _byLabel[(inNamespace, key, value)];
            fewest = fewest is null || ids.Count < fewest.Count ? ids : fewest;
        }
        return (fewest ?? []).Select(id => _pods[id]).Where(pod => Matches(selector, pod.Facts.Pod.Metadata.Labels));
    }

    public static bool Matches(IReadOnlyDictionary<string, string> selector, IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (key, value) in selector)
        {
            if (!labels.TryGetValue(key, out var has) || has != value)
            {
                return false;
            }
        }
        return selector.Count > 0;
    }
}
