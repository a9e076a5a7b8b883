using System.Diagnostics;
using System.Globalization;
using CliWrap;

namespace NodeMesh.Bench.Machines;

/// <summary>
/// All processes of one measured thing. A cgroup counts the CPU time of every thread that ever was in it to the
/// microsecond, children and the dead included, where /proc/PID/stat has ticks of 10 ms.
/// </summary>
internal sealed class Cgroup : IDisposable
{
    private const string RootName = "nodemesh-bench";
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private readonly string _path;

    public Cgroup(string name)
    {
        _path = Path.Combine(Root(), name);
        Directory.CreateDirectory(_path);
    }

    public string ProcessesFile => Path.Combine(_path, "cgroup.procs");

    public static bool IsAvailable => MountPoint() is not null;

    public long CpuMicroseconds()
    {
        var line = File.ReadLines(Path.Combine(_path, "cpu.stat")).First(l => l.StartsWith("usage_usec ", StringComparison.Ordinal));
        return long.Parse(line["usage_usec ".Length..], CultureInfo.InvariantCulture);
    }

    public MemoryUse Memory()
    {
        var sum = default(MemoryUse);
        foreach (var process in File.ReadLines(ProcessesFile))
        {
            try
            {
                sum += MemoryUse.Parse(File.ReadLines($"/proc/{process}/smaps_rollup"));
            }
            catch (IOException)
            {
                // It ended between the two reads.
            }
        }
        return sum;
    }

    public void Dispose() => Remove(_path);

    /// <summary>What a bench that was killed has left.</summary>
    public static async Task RemoveAllAsync()
    {
        var root = Root();
        if (!Directory.Exists(root))
        {
            return;
        }
        var left = Directory.GetDirectories(root);
        // An agent has to be asked to stop: killed, it leaves its pods captured, as it must.
        foreach (var process in left.SelectMany(path => File.ReadLines(Path.Combine(path, "cgroup.procs"))).ToArray())
        {
            await Cli.Wrap("kill").WithArguments(["-TERM", process]).WithValidation(CommandResultValidation.None).ExecuteAsync();
        }
        for (var wait = Stopwatch.StartNew(); wait.Elapsed < Grace && left.Any(path => File.ReadLines(Path.Combine(path, "cgroup.procs")).Any());)
        {
            await Task.Delay(20);
        }
        foreach (var path in left)
        {
            Remove(path);
        }
        Directory.Delete(root);
    }

    private static void Remove(string path)
    {
        if (!Directory.Exists(path))
        {
            return;
        }
        File.WriteAllText(Path.Combine(path, "cgroup.kill"), "1");
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(path);
                return;
            }
            catch (IOException) when (attempt < 200)
            {
                Thread.Sleep(10); // the killed processes are still on their way out
            }
        }
    }

    private static string Root() =>
        Path.Combine(MountPoint() ?? throw new BenchException("no cgroup v2 is mounted: mount one with 'mount -t cgroup2 none /sys/fs/cgroup/unified'"), RootName);

    private static string? MountPoint() =>
        File.ReadLines("/proc/mounts").Select(l => l.Split(' ')).FirstOrDefault(f => f[2] == "cgroup2")?[1];
}
