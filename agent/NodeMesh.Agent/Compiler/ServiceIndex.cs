using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>The Services by Namespace, and by what they select: finds those that a pod's labels match without walking all.</summary>
internal sealed class ServiceIndex
{
    private readonly MultiMap<string, string> _byNamespace = new();
    private readonly MultiMap<(string Namespace, string Key, string Value), Service> _bySelector = new();

    public IReadOnlyCollection<string> InNamespace(string name) => _byNamespace[name];

    /// <summary>Ids of the Services whose selector means the pod.</summary>
    public IEnumerable<string> Selecting(ObjectMeta pod)
    {
        foreach (var (key, value) in pod.Labels)
        {
            foreach (var service in _bySelector[(pod.Namespace, key, value)])
            {
                if (PodIndex.Matches(service.Spec.Selector, pod.Labels))
                {
                    yield return service.Metadata.Id;
                }
            }
        }
    }

    public void Add(Service service)
    {
        _byNamespace.Add(service.Metadata.Namespace, service.Metadata.Id);
        if (service.Spec.Selector.Count > 0)
        {
            _bySelector.Add(RarestLabel(service), service);
        }
    }

    public void Remove(Service service)
    {
        _byNamespace.Remove(service.Metadata.Namespace, service.Metadata.Id);
        if (service.Spec.Selector.Count > 0)
        {
            _bySelector.Remove(RarestLabel(service), service);
        }
    }

    // A guess at the label that tells most: the longest value. "tier: web" is everybody's, "app: checkout-frontend" is not.
    private static (string Namespace, string Key, string Value) RarestLabel(Service service)
    {
        var (key, value) = service.Spec.Selector.OrderByDescending(label => label.Value.Length).ThenBy(label => label.Key, StringComparer.Ordinal).First();
        return (service.Metadata.Namespace, key, value);
    }
}
