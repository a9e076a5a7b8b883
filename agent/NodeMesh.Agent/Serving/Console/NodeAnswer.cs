using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>What the page is told of the node.</summary>
/// <param name="Owners">Of its pods, by namespace/name.</param>
/// <param name="NotReady">Empty: it is.</param>
internal sealed record NodeAnswer(
    string Capture, IReadOnlyList<PodStatus> Pods, IReadOnlyDictionary<string, string> Owners, IReadOnlyList<ProblemStatus> Problems, IReadOnlyList<string> NotReady);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NodeAnswer))]
internal sealed partial class PageJson : JsonSerializerContext;
