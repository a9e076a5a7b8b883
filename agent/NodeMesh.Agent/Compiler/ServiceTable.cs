using System.Collections.Immutable;
using System.Net;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>All Services compiled, kept from one compilation to the next. A change costs as much as the Services it touches.</summary>
internal sealed class ServiceTable(PodTable pods)
{
    private readonly ServiceCompiler _compiler = new(pods);
    private readonly Dictionary<string, CompiledService> _compiled = new(StringComparer.Ordinal);
    private readonly Claims<IPAddress, Claimant> _clusterIps = new(Claimant.Seniority);
    private readonly ServiceIndex _index = new();
    private readonly Dictionary<string, SortedDictionary<string, EndpointSlice>> _slices = new(StringComparer.Ordinal);
    private readonly MultiMap<string, string> _byPod = new();
    private readonly MultiMap<IPAddress, string> _byAddress = new();
    private readonly SortedSet<string> _withProblems = new(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, Contract.Service> Services { get; private set; } = MeshSnapshotContent.Empty.Services;

    public void Update(ResourceSet before, ResourceSet after, IEnumerable<string> namespaces, PodChanges changes)
    {
        var touched = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (id, old, now) in Changes.Between(before.Services, after.Services))
        {
            Replace(id, old, now, touched);
        }
        foreach (var (id, old, now) in Changes.Between(before.EndpointSlices, after.EndpointSlices))
        {
            ReplaceSlice(id, old, now, touched);
        }
        foreach (var name in namespaces)
        {
            touched.UnionWith(_index.InNamespace(name));
        }
        TouchByPods(changes, touched);
        Compile(touched, after);
    }

    public IEnumerable<ResourceProblem> Problems()
    {
        foreach (var id in _withProblems)
        {
            foreach (var problem in _compiled[id].Problems)
            {
                yield return problem;
            }
        }
        foreach (var address in _clusterIps.Contested)
        {
            var claims = _clusterIps.On(address);
            foreach (var loser in claims[1..])
            {
                yield return new ResourceProblem("Service", loser.Id, "ClusterIPConflict",
                    $"the cluster IP {address} is held by {claims[0].Id}, the older; this Service goes without it");
            }
        }
    }

    private void Replace(string id, Service? old, Service? now, HashSet<string> touched)
    {
        touched.Add(id);
        if (old is not null)
        {
            _index.Remove(old);
            foreach (var address in ServiceCompiler.ClusterIps(old.Spec))
            {
                _clusterIps.Remove(address, Claimant.Of(old.Metadata));
                touched.UnionWith(_clusterIps.On(address).Select(claim => claim.Id));
            }
        }
        if (now is not null)
        {
            _index.Add(now);
            foreach (var address in ServiceCompiler.ClusterIps(now.Spec))
            {
                _clusterIps.Add(address, Claimant.Of(now.Metadata));
                touched.UnionWith(_clusterIps.On(address).Select(claim => claim.Id));
            }
        }
    }

    private void ReplaceSlice(string id, EndpointSlice? old, EndpointSlice? now, HashSet<string> touched)
    {
        if (old is not null && ServiceOf(old) is { } left && _slices.TryGetValue(left, out var slices))
        {
            touched.Add(left);
            if (slices.Remove(id) && slices.Count == 0)
            {
                _slices.Remove(left);
            }
        }
        if (now is not null && ServiceOf(now) is { } joined)
        {
            touched.Add(joined);
            if (!_slices.TryGetValue(joined, out var siblings))
            {
                _slices.Add(joined, siblings = new SortedDictionary<string, EndpointSlice>(StringComparer.Ordinal));
            }
            siblings[id] = now;
        }
    }

    private void TouchByPods(PodChanges changes, HashSet<string> touched)
    {
        foreach (var (old, now) in changes.Pods)
        {
            foreach (var pod in new[] { old, now }.OfType<CompiledPod>())
            {
                touched.UnionWith(_byPod[pod.Facts.Id]);
                touched.UnionWith(_index.Selecting(pod.Facts.Pod.Metadata));
            }
        }
        foreach (var address in changes.Addresses)
        {
            touched.UnionWith(_byAddress[address]);
        }
    }

    private void Compile(HashSet<string> touched, ResourceSet resources)
    {
        var services = Services.ToBuilder();
        foreach (var id in touched)
        {
            _compiled.Remove(id, out var before);
            Forget(id, before);
            _withProblems.Remove(id);
            if (!resources.Services.TryGetValue(id, out var service))
            {
                services.Remove(id);
                continue;
            }
            var now = _compiler.Compile(
                service,
                resources.Namespaces.GetValueOrDefault(service.Metadata.Namespace),
                _slices.TryGetValue(id, out var slices) ? slices.Values : [],
                Held(service));
            _compiled.Add(id, now);
            Remember(id, now);
            if (now.Problems.Count > 0)
            {
                _withProblems.Add(id);
            }
            if (now.Message is null)
            {
                services.Remove(id);
            }
            else if (!services.TryGetValue(id, out var message) || !message.Equals(now.Message))
            {
                services[id] = now.Message;
            }
        }
        Services = services.ToImmutable();
    }

    private List<IPAddress> Held(Service service)
    {
        var claimant = Claimant.Of(service.Metadata);
        return [.. ServiceCompiler.ClusterIps(service.Spec).Where(address => _clusterIps.On(address)[0] == claimant)];
    }

    private void Remember(string id, CompiledService compiled)
    {
        foreach (var pod in compiled.Pods)
        {
            _byPod.Add(pod, id);
        }
        foreach (var address in compiled.Addresses)
        {
            _byAddress.Add(address, id);
        }
    }

    private void Forget(string id, CompiledService? compiled)
    {
        foreach (var pod in compiled?.Pods ?? [])
        {
            _byPod.Remove(pod, id);
        }
        foreach (var address in compiled?.Addresses ?? [])
        {
            _byAddress.Remove(address, id);
        }
    }

    private static string? ServiceOf(EndpointSlice slice) =>
        slice.Metadata.Labels.TryGetValue(EndpointSlice.ServiceNameLabel, out var name) ? $"{slice.Metadata.Namespace}/{name}" : null;
}
