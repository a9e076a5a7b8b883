namespace NodeMesh.Agent.Compiler;

/// <summary>Several values to a key; a key without values is not kept.</summary>
internal sealed class MultiMap<TKey, TValue>
    where TKey : notnull
{
    private readonly Dictionary<TKey, HashSet<TValue>> _values = [];

    public IReadOnlyCollection<TValue> this[TKey key] => _values.TryGetValue(key, out var values) ? values : [];

    public void Add(TKey key, TValue value)
    {
        if (!_values.TryGetValue(key, out var values))
        {
            _values.Add(key, values = []);
        }
        values.Add(value);
    }

    public void Remove(TKey key, TValue value)
    {
        if (_values.TryGetValue(key, out var values) && values.Remove(value) && values.Count == 0)
        {
            _values.Remove(key);
        }
    }
}
