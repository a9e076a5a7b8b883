using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>The metadata of a list.</summary>
internal sealed record ListMeta
{
    public string ResourceVersion { get; init => field = value ?? ""; } = "";

    /// <summary>Empty on the last page.</summary>
    public string Continue { get; init => field = value ?? ""; } = "";
}

/// <summary>meta/v1 Status: how the API server says why not.</summary>
internal sealed record ApiStatus
{
    public string Message { get; init => field = value ?? ""; } = "";

    public string Reason { get; init => field = value ?? ""; } = "";

    public int Code { get; init; }

    public ApiStatusDetails? Details { get; init; }
}

internal sealed record ApiStatusDetails
{
    public int RetryAfterSeconds { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ListMeta))]
[JsonSerializable(typeof(ApiStatus))]
internal sealed partial class ApiJson : JsonSerializerContext;
