using CliWrap;

namespace NodeMesh.Cli.Demo;

/// <summary>The directory of one run: resources, the agent's state, the servers' files.</summary>
internal static class RunDirectory
{
    public static void Create(string path, Undo undo)
    {
        undo.Push(path, () => RemoveAsync(path));
        // The proxy, which is not root, must be able to pass.
        Directory.CreateDirectory(path, (UnixFileMode)Convert.ToInt32("755", 8));
    }

    // An agent that had to be killed leaves its bpffs mounted in its state directory, and pinned there what captures. Both go with the mount.
    private static async Task RemoveAsync(string path)
    {
        foreach (var mount in (await File.ReadAllLinesAsync("/proc/self/mounts")).Select(line => line.Split(' ')[1]))
        {
            if (mount.StartsWith(path + "/", StringComparison.Ordinal))
            {
                await CliWrap.Cli.Wrap("umount").WithArguments([mount]).ExecuteAsync();
            }
        }
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
