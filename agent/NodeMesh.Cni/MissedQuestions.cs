using System.Text.Json;
using NodeMesh.Cni.Protocol;

namespace NodeMesh.Cni;

/// <summary>A note for the agent of each pod that started while it could not be asked.</summary>
internal static class MissedQuestions
{
    public static void Leave(string socket, CniQuestion question, TextWriter log)
    {
        var directory = Path.Combine(Path.GetDirectoryName(socket) ?? "/", CniProtocol.MissedDirectory);
        try
        {
            Directory.CreateDirectory(directory);
            // Written aside and renamed: the agent never reads half of one. Container ids are file names by the specification.
            var file = Path.Combine(directory, Path.GetFileName(question.ContainerId));
            var aside = Path.Combine(directory, $".{Path.GetFileName(question.ContainerId)}");
            File.WriteAllBytes(aside, JsonSerializer.SerializeToUtf8Bytes(question, CniProtocol.Default.CniQuestion));
            File.Move(aside, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.WriteLine($"nodemesh-cni: no note for the agent in {directory}: {e.Message}");
        }
    }
}
