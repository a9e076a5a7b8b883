using System.Collections.Immutable;

namespace NodeMesh.Agent.Resources;

/// <summary>Who claims what (an address, a namespace, a name), where only one can have it: the first in order.</summary>
internal sealed class Claims<TKey, TClaim>(IComparer<TClaim> order)
    where TKey : notnull
{
    private readonly Dictionary<TKey, ImmutableArray<TClaim>> _claims = [];
    private readonly HashSet<TKey> _contested = [];

    /// <summary>What more than one claims.</summary>
    public IReadOnlyCollection<TKey> Contested => _contested;

    /// <summary>All who claim it, the holder first.</summary>
    public ImmutableArray<TClaim> On(TKey key) => _claims.GetValueOrDefault(key, []);

    public void Add(TKey key, TClaim claim)
    {
        var claims = On(key);
        var at = claims.BinarySearch(claim, order);
        Put(key, at < 0 ? claims.Insert(~at, claim) : claims.SetItem(at, claim));
    }

    public void Remove(TKey key, TClaim claim)
    {
        var claims = On(key);
        var at = claims.BinarySearch(claim, order);
        if (at >= 0)
        {
            Put(key, claims.RemoveAt(at));
        }
    }

    private void Put(TKey key, ImmutableArray<TClaim> claims)
    {
        if (claims.IsEmpty)
        {
            _claims.Remove(key);
        }
        else
        {
            _claims[key] = claims;
        }
        if (claims.Length > 1)
        {
            _contested.Add(key);
        }
        else
        {
            _contested.Remove(key);
        }
    }
}
