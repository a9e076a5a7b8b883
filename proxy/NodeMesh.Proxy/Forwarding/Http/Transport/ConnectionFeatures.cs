using System.Collections;
using Microsoft.AspNetCore.Http.Features;

namespace NodeMesh.Proxy.Forwarding.Http.Transport;

/// <summary>The few features of a connection, in an array: there is one of these for each idle connection.</summary>
internal sealed class ConnectionFeatures : IFeatureCollection
{
    // Kestrel sets four, the hub one.
    private KeyValuePair<Type, object>[] _features = new KeyValuePair<Type, object>[5];
    private int _count;

    public bool IsReadOnly => false;

    public int Revision { get; private set; }

    public object? this[Type key]
    {
        get
        {
            var index = IndexOf(key);
            return index < 0 ? null : _features[index].Value;
        }
        set
        {
            Revision++;
            var index = IndexOf(key);
            if (value is null)
            {
                Remove(index);
                return;
            }
            if (index < 0)
            {
                if (_count == _features.Length)
                {
                    Array.Resize(ref _features, _count * 2);
                }
                index = _count++;
            }
            _features[index] = new KeyValuePair<Type, object>(key, value);
        }
    }

    public TFeature? Get<TFeature>() => (TFeature?)this[typeof(TFeature)];

    public void Set<TFeature>(TFeature? instance) => this[typeof(TFeature)] = instance;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _features.Take(_count).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int IndexOf(Type key) => Array.FindIndex(_features, 0, _count, feature => feature.Key == key);

    private void Remove(int index)
    {
        if (index >= 0)
        {
            _features[index] = _features[--_count];
            _features[_count] = default;
        }
    }
}
