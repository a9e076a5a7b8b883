using System.Text.Json;
using NodeMesh.Cni.Protocol;

namespace NodeMesh.Agent.Pods;

/// <summary>The notes that the CNI plugin left of pods which started while no agent could be asked.</summary>
internal static class MissedPods
{
    /// <summary>Each note once; notes of pods that are gone are thrown away.</summary>
    public static IEnumerable<CniQuestion> Take(string directory)
    {
        if (!Directory.Exists(directory))
        {
            yield break;
        }
        foreach (var file in Directory.EnumerateFiles(directory).Where(f => !Path.GetFileName(f).StartsWith('.')).ToList())
        {
            CniQuestion? question = null;
            try
            {
                question = JsonSerializer.Deserialize(File.ReadAllBytes(file), CniProtocol.Default.CniQuestion);
            }
            catch (JsonException)
            {
                // Not one of the plugin's.
            }
            File.Delete(file);
            if (question is not null && File.Exists(question.Netns))
            {
                yield return question;
            }
        }
    }
}
