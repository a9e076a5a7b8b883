using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>A map in the kernel, by descriptor. Key and value types must have the map's sizes.</summary>
internal sealed unsafe class BpfMap<TKey, TValue>(string name, SafeFileHandle descriptor) : IDisposable
    where TKey : unmanaged
    where TValue : unmanaged
{
    public SafeFileHandle Descriptor => descriptor;

    public TValue? Find(TKey key)
    {
        TValue value;
        var result = LibBpf.Lookup(descriptor, &key, &value);
        return result == -Errno.NoEntry ? null : BpfException.Check(result, $"read the map {name}") == 0 ? value : null;
    }

    /// <summary>Replaces or adds the entry in one step.</summary>
    public void Set(TKey key, TValue value) =>
        BpfException.Check(LibBpf.Update(descriptor, &key, &value, flags: 0), $"write the map {name}");

    /// <summary>False if there was none.</summary>
    public bool Remove(TKey key)
    {
        var result = LibBpf.Delete(descriptor, &key);
        return result != -Errno.NoEntry && BpfException.Check(result, $"delete from the map {name}") == 0;
    }

    /// <summary>All keys. Entries that come or go meanwhile may be missed.</summary>
    public IReadOnlyList<TKey> Keys()
    {
        var keys = new List<TKey>();
        TKey current, next;
        var result = LibBpf.NextKey(descriptor, null, &next);
        while (result == 0)
        {
            keys.Add(next);
            current = next;
            result = LibBpf.NextKey(descriptor, &current, &next);
        }
        return result == -Errno.NoEntry ? keys : throw new BpfException($"walk the map {name}", result);
    }

    public void Dispose() => descriptor.Dispose();
}
