using System.Collections.Immutable;
using System.Net;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Resources;

namespace NodeMesh.Agent.Compiler;

/// <summary>All pods compiled, kept from one compilation to the next. A change costs as much as the pods it touches.</summary>
internal sealed class PodTable(string node, FailurePolicy onFailure)
{
    private readonly Claims<IPAddress, Claimant> _addresses = new(Claimant.Seniority);
    private readonly Claims<string, Claimant> _netns = new(Claimant.Seniority);
    private readonly Dictionary<string, IReadOnlyList<ResourceProblem>> _problems = new(StringComparer.Ordinal);

    public PodIndex Index { get; } = new();

    public ImmutableSortedDictionary<string, Contract.Workload> Workloads { get; private set; } = MeshSnapshotContent.Empty.Workloads;

    public ImmutableSortedDictionary<string, LocalPod> LocalPods { get; private set; } = Compilation.Empty.LocalPods;

    /// <summary>The pod that holds an address.</summary>
    public string? HolderOf(IPAddress address) => _addresses.On(address) is [var holder, ..] ? holder.Id : null;

    /// <param name="touched">Pods that changed, or whose Namespace, Node or observed addresses did.</param>
    public PodChanges Update(IReadOnlyCollection<string> touched, ResourceSet resources, ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> observed)
    {
        var facts = new Dictionary<string, PodFacts?>(StringComparer.Ordinal);
        var addresses = new HashSet<IPAddress>();
        var namespaces = new HashSet<string>(StringComparer.Ordinal);
        foreach (var id in touched)
        {
            if (Index.Find(id) is { } old)
            {
                Withdraw(old.Facts, addresses, namespaces);
            }
            facts[id] = Read(id, resources, observed);
            if (facts[id] is { } now)
            {
                Claim(now, addresses, namespaces);
            }
        }

        // A claim given up or won changes others too.
        foreach (var claimant in addresses.SelectMany(address => _addresses.On(address)).Concat(namespaces.SelectMany(name => _netns.On(name))))
        {
            facts.TryAdd(claimant.Id, Index.Find(claimant.Id)?.Facts);
        }
        return new PodChanges(Settle(facts), addresses);
    }

    public IEnumerable<ResourceProblem> Problems() =>
        _problems.Values.SelectMany(problems => problems)
            .Concat(Conflicts(_addresses, "AddressConflict", address => $"the address {address}"))
            .Concat(Conflicts(_netns, "NetnsConflict", path => $"the network namespace {path}"));

    private PodFacts? Read(string id, ResourceSet resources, ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> observed) =>
        resources.Pods.TryGetValue(id, out var pod)
            ? PodReading.Read(pod, resources.Namespaces.GetValueOrDefault(pod.Metadata.Namespace), observed.GetValueOrDefault(id, []), node, resources, onFailure)
            : null;

    private void Withdraw(PodFacts facts, HashSet<IPAddress> addresses, HashSet<string> namespaces)
    {
        foreach (var address in facts.Claimed)
        {
            _addresses.Remove(address, facts.Claimant);
            addresses.Add(address);
        }
        if (facts.Netns is { } netns)
        {
            _netns.Remove(netns, facts.Claimant);
            namespaces.Add(netns);
        }
    }

    private void Claim(PodFacts facts, HashSet<IPAddress> addresses, HashSet<string> namespaces)
    {
        foreach (var address in facts.Claimed)
        {
            _addresses.Add(address, facts.Claimant);
            addresses.Add(address);
        }
        if (facts.Netns is { } netns)
        {
            _netns.Add(netns, facts.Claimant);
            namespaces.Add(netns);
        }
    }

    private List<(CompiledPod? Before, CompiledPod? After)> Settle(Dictionary<string, PodFacts?> facts)
    {
        var changes = new List<(CompiledPod? Before, CompiledPod? After)>(facts.Count);
        var workloads = Workloads.ToBuilder();
        var locals = LocalPods.ToBuilder();
        foreach (var (id, now) in facts)
        {
            var before = Index.Find(id);
            var after = now is null ? null : CompiledPod.Of(
                now, Held(now), now.Netns is { } netns && _netns.On(netns)[0] == now.Claimant, before);
            changes.Add((before, after));
            Put(workloads, id, before?.Workload, after?.Workload);
            Put(locals, id, before?.Local, after?.Local);
            if (after is null)
            {
                Index.Remove(id);
                _problems.Remove(id);
                continue;
            }
            Index.Put(after);
            if (after.Facts.Problems.Count > 0)
            {
                _problems[id] = after.Facts.Problems;
            }
            else
            {
                _problems.Remove(id);
            }
        }
        Workloads = workloads.ToImmutable();
        LocalPods = locals.ToImmutable();
        return changes;
    }

    private IReadOnlyList<IPAddress> Held(PodFacts facts)
    {
        foreach (var address in facts.Claimed)
        {
            if (_addresses.On(address)[0] != facts.Claimant)
            {
                return [.. facts.Claimed.Where(candidate => _addresses.On(candidate)[0] == facts.Claimant)];
            }
        }
        return facts.Claimed;
    }

    private static void Put<T>(ImmutableSortedDictionary<string, T>.Builder builder, string id, T? before, T? after)
        where T : class
    {
        if (ReferenceEquals(before, after))
        {
            return;
        }
        if (after is null)
        {
            builder.Remove(id);
        }
        else
        {
            builder[id] = after;
        }
    }

    private static IEnumerable<ResourceProblem> Conflicts<TKey>(Claims<TKey, Claimant> claims, string reason, Func<TKey, string> name)
        where TKey : notnull
    {
        foreach (var key in claims.Contested)
        {
            var (holder, losers) = (claims.On(key)[0], claims.On(key)[1..]);
            yield return new ResourceProblem("Pod", holder.Id, reason,
                $"{name(key)} is claimed by {string.Join(", ", losers.Select(loser => loser.Id))} too; this pod came first and keeps it");
            foreach (var loser in losers)
            {
                yield return new ResourceProblem("Pod", loser.Id, reason, $"{name(key)} is held by {holder.Id}; this pod goes without it");
            }
        }
    }
}
