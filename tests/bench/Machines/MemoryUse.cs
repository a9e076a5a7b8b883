using System.Globalization;

namespace NodeMesh.Bench.Machines;

/// <summary>
/// Memory of processes in bytes. PSS shares out pages that several processes map, so that it can be summed over
/// workers that were forked; RSS counts such pages once for each. The kernel's memory for sockets is in neither.
/// </summary>
internal readonly record struct MemoryUse(long Rss, long Pss)
{
    public static MemoryUse operator +(MemoryUse a, MemoryUse b) => new(a.Rss + b.Rss, a.Pss + b.Pss);

    public static MemoryUse Parse(IEnumerable<string> smapsRollup)
    {
        long rss = 0, pss = 0;
        foreach (var line in smapsRollup)
        {
            if (line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                rss = Bytes(line);
            }
            else if (line.StartsWith("Pss:", StringComparison.Ordinal))
            {
                pss = Bytes(line);
            }
        }
        return new MemoryUse(rss, pss);
    }

    private static long Bytes(string line) =>
        long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
}
