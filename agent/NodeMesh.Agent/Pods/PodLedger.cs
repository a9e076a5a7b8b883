using System.Text.Json;
using System.Text.Json.Serialization;
using NodeMesh.Agent.Capture;

namespace NodeMesh.Agent.Pods;

/// <summary>
/// On disk: the namespaces that this agent has changed. A successor of a killed agent finds there what it must release when
/// nobody wants it any more.
/// </summary>
internal sealed class PodLedger
{
    private readonly string _file;
    private readonly Dictionary<ulong, PodLedgerEntry> _entries;

    private PodLedger(string file, IEnumerable<PodLedgerEntry> entries)
    {
        _file = file;
        _entries = entries.ToDictionary(e => e.Cookie);
    }

    public IReadOnlyCollection<PodLedgerEntry> Entries => _entries.Values;

    public static PodLedger Load(StateDirectory state)
    {
        var file = Path.Combine(state.Agent, "pods.json");
        try
        {
            using var stream = File.OpenRead(file);
            return new PodLedger(file, JsonSerializer.Deserialize(stream, PodLedgerJson.Default.PodLedgerEntryArray) ?? []);
        }
        catch (Exception e) when (e is FileNotFoundException or JsonException)
        {
            return new PodLedger(file, []);
        }
    }

    public bool Has(ulong cookie) => _entries.ContainsKey(cookie);

    public void Add(PodSandbox pod, string netns)
    {
        if (_entries.TryAdd(pod.Cookie, new PodLedgerEntry(pod.Cookie, pod.Id, netns)))
        {
            Save();
        }
    }

    public void Remove(ulong cookie)
    {
        if (_entries.Remove(cookie))
        {
            Save();
        }
    }

    private void Save()
    {
        // Written aside and renamed: a kill in the middle leaves the old list, never half of one.
        var aside = _file + ".new";
        using (var stream = File.Create(aside))
        {
            JsonSerializer.Serialize(stream, [.. _entries.Values], PodLedgerJson.Default.PodLedgerEntryArray);
        }
        File.Move(aside, _file, overwrite: true);
    }
}

/// <param name="Netns">As the pod named it: a name under /run/netns, or a path.</param>
internal sealed record PodLedgerEntry(ulong Cookie, string Id, string Netns);

[JsonSerializable(typeof(PodLedgerEntry[]))]
internal sealed partial class PodLedgerJson : JsonSerializerContext;
