namespace NodeMesh.Bench.Machines;

/// <summary>The files of one run, and the lock that lets only one bench run on a machine: two would measure each other.</summary>
internal sealed class Workspace : IDisposable
{
    private const string Prefix = "nodemesh-bench-";
    private readonly FileStream _lock;

    private Workspace(FileStream held)
    {
        _lock = held;
        Directory = System.IO.Directory.CreateTempSubdirectory(Prefix).FullName;
    }

    public string Directory { get; }

    public string Load => Path.Combine(Directory, "load");

    public string Backend => Path.Combine(Directory, "backend");

    public string Relay => Path.Combine(Directory, "relay");

    public string PathOf(string name) => Path.Combine(Directory, name);

    public static async Task<Workspace> CreateAsync(CancellationToken cancelled)
    {
        FileStream held;
        try
        {
            held = new FileStream("/run/nodemesh-bench.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException)
        {
            throw new BenchException("another bench is running on this machine: wait for its end, two would measure each other");
        }
        var workspace = new Workspace(held);
        // The proxy of the mesh runs as a user of its own and has to reach its sockets below here.
        await Shell.RunAsync("chmod", "755", workspace.Directory);
        foreach (var source in new[] { "load/load", "load/backend", "peers/relay" })
        {
            cancelled.ThrowIfCancellationRequested();
            await Shell.RunAsync("cc", "-O2", "-pthread", "-o", workspace.PathOf(Path.GetFileName(source)), Path.Combine(AppContext.BaseDirectory, source + ".c"));
        }
        return workspace;
    }

    /// <summary>Files of runs that were killed: while this one holds the lock, nobody uses them.</summary>
    public void RemoveOthers()
    {
        foreach (var left in System.IO.Directory.GetDirectories(Path.GetTempPath(), Prefix + "*").Where(d => d != Directory))
        {
            System.IO.Directory.Delete(left, recursive: true);
        }
    }

    public void Dispose()
    {
        System.IO.Directory.Delete(Directory, recursive: true);
        _lock.Dispose();
    }
}
