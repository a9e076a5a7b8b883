using System.Text.Json;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture;

/// <summary>
/// Changes sysctls (sys/net of the machine's procfs) inside pods and gives them back as found, also through a successor of this agent:
/// the values found are on disk, in pods/&lt;cookie&gt;.json of the agent's own directory, before the first is changed.
/// </summary>
internal sealed class PodSysctls(string agentDirectory)
{
    private static string Root => HostProc.Path("sys/net/");

    private static readonly string Boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    private readonly string _directory = Path.Combine(agentDirectory, "pods");

    /// <summary>Sets what differs. Names are relative to /proc/sys/net; those the kernel does not have are left out.</summary>
    public void Apply(PodSandbox pod, IReadOnlyDictionary<string, string> wanted) => Netns.Run(pod.Netns, () =>
    {
        var differing = wanted.Where(want => Read(want.Key) is { } found && found != want.Value).ToList();
        if (differing.Count == 0)
        {
            return;
        }
        var original = Load(pod);
        foreach (var (name, _) in differing)
        {
            original.TryAdd(name, Read(name)!);
        }
        Save(pod, original);
        foreach (var (name, value) in differing)
        {
            Write(pod, name, value);
        }
    });

    /// <summary>The sysctls whose value is not the wanted one, in words.</summary>
    public static IReadOnlyList<string> Missing(PodSandbox pod, IReadOnlyDictionary<string, string> wanted) =>
        Netns.Run(pod.Netns, () => wanted
            .Select(want => (want.Key, want.Value, Found: Read(want.Key)))
            .Where(want => want.Found != want.Value)
            .Select(want => $"sysctl net/{want.Key} is {want.Found ?? "not there"}, not {want.Value}")
            .ToList());

    /// <summary>
    /// Gives these sysctls back the values found. Without a record (the state directory was lost) a value that is still the
    /// mesh's stays: what was there before is not known.
    /// </summary>
    public void Restore(PodSandbox pod, IEnumerable<string> names) => Netns.Run(pod.Netns, () =>
    {
        var original = Load(pod);
        foreach (var name in names)
        {
            if (original.Remove(name, out var value) && Read(name) is { } found && found != value)
            {
                Write(pod, name, value);
            }
        }
        Save(pod, original);
    });

    /// <summary>Forgets a sandbox that is gone.</summary>
    public void Forget(PodSandbox pod) => File.Delete(FileOf(pod.Cookie));

    /// <summary>Forgets every sandbox but these: those that went while no agent was there.</summary>
    public void ForgetAllBut(IReadOnlySet<ulong> cookies)
    {
        if (!Directory.Exists(_directory))
        {
            return;
        }
        foreach (var file in Directory.EnumerateFiles(_directory, "*.json"))
        {
            if (!ulong.TryParse(Path.GetFileNameWithoutExtension(file), out var cookie) || !cookies.Contains(cookie))
            {
                File.Delete(file);
            }
        }
    }

    private static string? Read(string name) => File.Exists(Root + name) ? File.ReadAllText(Root + name).Trim() : null;

    private static void Write(PodSandbox pod, string name, string value)
    {
        try
        {
            File.WriteAllText(Root + name, value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CaptureException($"pod {pod.Id}: cannot set sysctl net/{name} to {value}: {e.Message} (is {Root} read-only for the agent, as /proc/sys is in a container? mount the machine's /proc, and say where with --proc)", e);
        }
    }

    private string FileOf(ulong cookie) => Path.Combine(_directory, $"{cookie}.json");

    private Dictionary<string, string> Load(PodSandbox pod)
    {
        var file = FileOf(pod.Cookie);
        try
        {
            if (File.Exists(file)
                && JsonSerializer.Deserialize(File.ReadAllBytes(file), SysctlRecordJson.Default.SysctlRecord) is { } record
                && record.Boot == Boot)
            {
                return record.Original;
            }
        }
        catch (JsonException)
        {
            // Only a hand could have written half a record (see Save); it is worth nothing.
        }
        return [];
    }

    private void Save(PodSandbox pod, Dictionary<string, string> original)
    {
        var file = FileOf(pod.Cookie);
        if (original.Count == 0)
        {
            File.Delete(file);
            return;
        }
        Directory.CreateDirectory(_directory);
        // Whole or not at all, whenever the agent dies.
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(new SysctlRecord(Boot, pod.Id, original), SysctlRecordJson.Default.SysctlRecord));
        File.Move(file + ".new", file, overwrite: true);
    }
}
