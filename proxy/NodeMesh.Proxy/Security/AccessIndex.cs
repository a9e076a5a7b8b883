using System.Collections.Concurrent;
using System.Net;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Security;

/// <summary>Finds what counts for a port of a pod in one snapshot: the authorisations of the mesh, of its namespace, and of the Services it is an endpoint of.</summary>
internal sealed class AccessIndex(MeshSnapshot snapshot)
{
    private readonly ConcurrentDictionary<AddressKey, AccessRules?> _found = new();

    /// <summary>False: everybody may reach every pod.</summary>
    public bool HasRules { get; } = snapshot.Policies.Values.Any(scope => scope is { IsOfRoute: false, Authorizations.Length: > 0 });

    /// <summary>False: everybody may go by every route.</summary>
    public bool HasRouteRules { get; } = snapshot.Policies.Values.Any(scope => scope is { IsOfRoute: true, Authorizations.Length: > 0 });

    /// <param name="home">The pod's namespace; null: as the snapshot has it.</param>
    /// <returns>null: everybody may.</returns>
    public AccessRules? RulesFor(IPEndPoint destination, string? home = null)
    {
        if (!HasRules)
        {
            return null;
        }
        var key = AddressKey.From(destination);
        if (_found.TryGetValue(key, out var rules))
        {
            return rules;
        }
        return _found.GetOrAdd(key, Collect(destination, key, home ?? snapshot.FindWorkload(destination.Address)?.Namespace));
    }

    private AccessRules? Collect(IPEndPoint destination, AddressKey key, string? home)
    {
        var entries = new List<AuthorizationEntry>();
        Add("");
        if (home is not null)
        {
            Add(home);
        }
        var services = new HashSet<string>(StringComparer.Ordinal);
        foreach (var port in snapshot.ServicesByEndpoint.GetValueOrDefault(key, []))
        {
            if (services.Add(port.Service))
            {
                Add(port.Service);
            }
            Add($"{port.Service}:{port.Port}");
        }
        return AccessRules.Of(entries);

        void Add(string scope)
        {
            if (snapshot.Policies.TryGetValue(scope, out var policies))
            {
                entries.AddRange(policies.Authorizations);
            }
        }
    }
}
