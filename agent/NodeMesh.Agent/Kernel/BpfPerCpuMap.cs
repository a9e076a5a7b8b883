using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>A per-CPU hash map whose values are made of 64-bit counters: each CPU has its own, they are summed here.</summary>
internal sealed unsafe class BpfPerCpuMap<TKey>(string name, SafeFileHandle descriptor, int counters) : IDisposable
    where TKey : unmanaged
{
    private const ulong OnlyIfMissing = 1; // BPF_NOEXIST

    private readonly int _cpus = BpfException.Check(LibBpf.PossibleCpus(), "count the possible CPUs");

    /// <summary>Makes an entry of zeros unless there is one.</summary>
    public void Ensure(TKey key)
    {
        fixed (ulong* zeros = new ulong[counters * _cpus])
        {
            var result = LibBpf.Update(descriptor, &key, zeros, OnlyIfMissing);
            if (result != -Errno.Exists)
            {
                BpfException.Check(result, $"write the map {name}");
            }
        }
    }

    /// <summary>The sums; null if there is no entry.</summary>
    public long[]? Sum(TKey key)
    {
        var values = new ulong[counters * _cpus];
        fixed (ulong* into = values)
        {
            var result = LibBpf.Lookup(descriptor, &key, into);
            if (result == -Errno.NoEntry)
            {
                return null;
            }
            BpfException.Check(result, $"read the map {name}");
        }
        var sums = new long[counters];
        for (var i = 0; i < values.Length; i++)
        {
            sums[i % counters] += (long)values[i];
        }
        return sums;
    }

    public void Remove(TKey key) => LibBpf.Delete(descriptor, &key);

    public void Dispose() => descriptor.Dispose();
}
