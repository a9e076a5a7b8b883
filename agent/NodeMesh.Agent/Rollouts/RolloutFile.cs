using System.Text.Json;
using System.Text.Json.Serialization;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Rollouts;

/// <summary>
/// How far the Rollouts of a standalone node have come, on disk. It outlives the agent however it ends: a new version that was turned down must not be
/// let in again because the agent was restarted. Where there are no Rollouts there is no file.
/// </summary>
internal sealed class RolloutFile(string path)
{
    public Dictionary<string, RolloutStatus> Load()
    {
        try
        {
            using var stream = File.OpenRead(path);
            var known = JsonSerializer.Deserialize(stream, RolloutFileJson.Default.DictionaryStringRolloutStatus);
            return new Dictionary<string, RolloutStatus>(known ?? [], StringComparer.Ordinal);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return new Dictionary<string, RolloutStatus>(StringComparer.Ordinal);
        }
    }

    public void Save(Dictionary<string, RolloutStatus> statuses)
    {
        if (statuses.Count == 0)
        {
            File.Delete(path);
            return;
        }
        var aside = path + ".new";
        using (var stream = File.Create(aside))
        {
            JsonSerializer.Serialize(stream, statuses, RolloutFileJson.Default.DictionaryStringRolloutStatus);
        }
        File.Move(aside, path, overwrite: true);
    }
}

[JsonSerializable(typeof(Dictionary<string, RolloutStatus>))]
internal sealed partial class RolloutFileJson : JsonSerializerContext;
