using System.Text.Json;
using System.Text.Json.Serialization;

namespace NodeMesh.Cni.Protocol;

/// <summary>How questions and answers are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(CniQuestion))]
[JsonSerializable(typeof(CniAnswer))]
internal sealed partial class CniProtocol : JsonSerializerContext
{
    /// <summary>A longer line is no question of the plugin's.</summary>
    public const int LongestLine = 1 << 20;

    /// <summary>Beside the socket: the ADD questions of pods that started without an answer, one file each, for the agent to take up.</summary>
    public const string MissedDirectory = "cni-missed";
}
