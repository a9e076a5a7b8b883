using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model;

/// <summary>Of all that may be in one, the certificates of a <see cref="BackendTlsPolicy"/> alone are read.</summary>
internal sealed record ConfigMap : IResource
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public ConfigMapData Data { get; init => field = value ?? new ConfigMapData(); } = new();
}

internal sealed record ConfigMapData
{
    /// <summary>PEM.</summary>
    [JsonPropertyName("ca.crt")]
    public string? CaCertificates { get; init; }
}
