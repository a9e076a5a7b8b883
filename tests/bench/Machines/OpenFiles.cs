using System.Globalization;

namespace NodeMesh.Bench.Machines;

/// <summary>How many sockets a process here may hold; every process of the bench gets the hard limit.</summary>
internal static class OpenFiles
{
    private const int Wanted = 100_000;

    /// <summary>For what is not a proxied connection: listeners, libraries, upstream connections of HTTP, sockets made in advance.</summary>
    private const int Reserve = 2500;

    public static readonly int Limit = Math.Min(Wanted, HardLimit());

    /// <summary>A proxy holds two sockets for each.</summary>
    public static int Connections => (Limit - Reserve) / 2;

    private static int HardLimit()
    {
        // "Max open files            1024                 524288               files"
        var line = File.ReadLines("/proc/self/limits").First(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var hard = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];
        return int.TryParse(hard, CultureInfo.InvariantCulture, out var limit) ? limit : Wanted;
    }
}
