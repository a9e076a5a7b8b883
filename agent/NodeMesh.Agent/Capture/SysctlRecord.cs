using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Capture;

/// <summary>What <see cref="PodSysctls"/> found in a pod before it changed anything: the content of its file.</summary>
/// <param name="Boot">The boot the namespace's cookie belongs to: after a restart of the machine it names another pod.</param>
/// <param name="Pod">For the reader of the file.</param>
/// <param name="Original">Value by name, as sysctl(8) writes names, with slashes.</param>
internal sealed record SysctlRecord(string Boot, string Pod, Dictionary<string, string> Original);

[JsonSerializable(typeof(SysctlRecord))]
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class SysctlRecordJson : JsonSerializerContext;
