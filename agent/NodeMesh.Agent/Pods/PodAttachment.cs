using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Pods;

/// <summary>A pod's network as the CNI plugin announced it.</summary>
/// <param name="PodId">namespace/name</param>
/// <param name="PodUid">Empty where the runtime does not tell.</param>
/// <param name="Netns">The path of its network namespace.</param>
/// <param name="Addresses">What the other plugins gave it.</param>
internal sealed record PodAttachment(string ContainerId, string PodId, string PodUid, string Netns, IReadOnlyList<string> Addresses);

[JsonSerializable(typeof(PodAttachment[]))]
internal sealed partial class PodAttachmentJson : JsonSerializerContext;
