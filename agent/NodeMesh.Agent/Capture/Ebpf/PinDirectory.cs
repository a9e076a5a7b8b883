using System.Globalization;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture.Ebpf;

/// <summary>
/// What keeps capture in the kernel while no agent runs: a bpffs of our own, or a directory of one that is mounted already (in a
/// container, where what we mount would end with it), with the pins <c>maps/[map]</c>, <c>links/[program]</c> and, per pod,
/// <c>pods/[netns cookie]/{listeners,link}</c>.
/// </summary>
internal sealed class PinDirectory(string directory)
{
    private readonly string _root = Path.GetFullPath(directory);

    /// <summary>An agent has been here, and not cleared up.</summary>
    public bool IsThere => Directory.Exists(Path.Combine(_root, "maps"));

    public string Map(string name) => Path.Combine(_root, "maps", name);

    public string Link(string program) => Path.Combine(_root, "links", program);

    public string PodListeners(ulong cookie) => Path.Combine(Pod(cookie), "listeners");

    public string PodLink(ulong cookie) => Path.Combine(Pod(cookie), "link");

    /// <summary>Makes what is missing, the mount too.</summary>
    public void Open()
    {
        if (!BpfFileSystem.IsWithin(_root))
        {
            BpfFileSystem.Mount(_root);
        }
        Directory.CreateDirectory(Path.Combine(_root, "maps"));
        Directory.CreateDirectory(Path.Combine(_root, "links"));
        Directory.CreateDirectory(Path.Combine(_root, "pods"));
    }

    public void AddPod(ulong cookie) => Directory.CreateDirectory(Pod(cookie));

    public void RemovePod(ulong cookie)
    {
        if (Directory.Exists(Pod(cookie)))
        {
            Directory.Delete(Pod(cookie), recursive: true);
        }
    }

    /// <summary>The pods that have pins, whether their namespaces still exist or not.</summary>
    public IReadOnlyList<ulong> Pods()
    {
        var pods = Path.Combine(_root, "pods");
        return !Directory.Exists(pods)
            ? []
            : [.. Directory.EnumerateDirectories(pods).Select(path => ulong.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))];
    }

    public void Remove()
    {
        if (BpfFileSystem.IsMounted(_root))
        {
            // All pins go with the mount.
            BpfFileSystem.Unmount(_root);
        }
        else if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    private string Pod(ulong cookie) => Path.Combine(_root, "pods", cookie.ToString(CultureInfo.InvariantCulture));
}
