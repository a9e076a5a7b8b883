using System.Runtime.InteropServices;

namespace NodeMesh.NodeTests.Kit;

/// <summary>
/// This run of the tests: its prefix for every name in the kernel, its directory, and the removal of what crashed runs left behind.
/// A run holds a lock on its directory's file; a directory whose lock is free belongs to a run that is dead.
/// </summary>
public sealed class TestRun : IAsyncLifetime
{
    private const string Root = "/run/nodemesh-tests";

    private static int _meshes;

    private readonly List<PosixSignalRegistration> _signals = [];
    private FileStream? _lock;

    /// <summary>nm and four hex digits: two runs on one machine do not collide.</summary>
    public static string Prefix { get; } = $"nm{Random.Shared.Next(0x10000):x4}";

    public static string Directory { get; } = $"{Root}/{Prefix}";

    public static string NextMesh() => $"m{Interlocked.Increment(ref _meshes)}";

    public async ValueTask InitializeAsync()
    {
        Assert.True(Environment.IsPrivilegedProcess, "the node tests make network namespaces: run them as root");
        System.IO.Directory.CreateDirectory(Root);
        foreach (var leftover in System.IO.Directory.GetDirectories(Root))
        {
            if (TryLock(leftover) is { } free)
            {
                await using (free)
                {
                    await RemoveAsync(Path.GetFileName(leftover));
                }
            }
        }
        System.IO.Directory.CreateDirectory(Directory);
        _lock = TryLock(Directory);
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP })
        {
            _signals.Add(PosixSignalRegistration.Create(signal, Leave));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _signals.ForEach(signal => signal.Dispose());
        await RemoveAsync(Prefix);
        _lock?.Dispose();
    }

    // Somebody interrupts the run: no test goes on to clear up after itself.
    private static void Leave(PosixSignalContext context)
    {
        context.Cancel = true;
        RemoveAsync(Prefix).GetAwaiter().GetResult();
        Environment.Exit(128 + (context.Signal is PosixSignal.SIGINT ? 2 : context.Signal is PosixSignal.SIGHUP ? 1 : 15));
    }

    private static FileStream? TryLock(string directory)
    {
        try
        {
            return new FileStream($"{directory}/lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static async Task RemoveAsync(string prefix)
    {
        foreach (var netns in System.IO.Directory.Exists("/run/netns") ? System.IO.Directory.GetFiles("/run/netns", $"{prefix}-*") : [])
        {
            await Netns.DeleteAsync(Path.GetFileName(netns));
        }
        // An agent that was killed keeps its programs in the kernel by pins in a bpffs below its state directory.
        foreach (var mount in File.ReadLines("/proc/mounts").Select(line => line.Split(' ')[1]).Where(path => path.StartsWith($"{Root}/{prefix}/", StringComparison.Ordinal)))
        {
            await Commands.TryAsync("umount", "-l", mount);
        }
        if (System.IO.Directory.Exists($"{Root}/{prefix}"))
        {
            System.IO.Directory.Delete($"{Root}/{prefix}", recursive: true);
        }
    }
}
