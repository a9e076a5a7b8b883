using System.Text.Json;
using System.Text.Json.Serialization;

namespace NodeMesh.Cni;

/// <summary>The error result of the specification.</summary>
internal sealed record ErrorResult(string CniVersion, int Code, string Msg, string? Details);

/// <summary>The answer to VERSION.</summary>
internal sealed record VersionResult(string CniVersion, IReadOnlyList<string> SupportedVersions);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorResult))]
[JsonSerializable(typeof(VersionResult))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class CniDocuments : JsonSerializerContext;
