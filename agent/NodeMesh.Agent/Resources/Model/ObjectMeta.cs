using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model;

/// <summary>Null lists and maps, which the Kubernetes API sends for empty ones, read as empty here and in all of the model.</summary>
internal sealed record ObjectMeta
{
    public static ObjectMeta Empty { get; } = new();

    public string Name
    {
        get;
        init
        {
            field = value ?? "";
            _id = null;
        }
    } = "";

    /// <summary>"default" where a namespaced object does not say; empty for a Namespace.</summary>
    public string Namespace
    {
        get;
        init
        {
            field = value ?? "";
            _id = null;
        }
    } = "";

    public string? Uid { get; init; }

    public long Generation { get; init; }

    public DateTimeOffset? CreationTimestamp { get; init; }

    public DateTimeOffset? DeletionTimestamp { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init => field = value ?? NoStrings.Map; } = NoStrings.Map;

    public IReadOnlyDictionary<string, string> Annotations { get; init => field = value ?? NoStrings.Map; } = NoStrings.Map;

    public IReadOnlyList<OwnerReference> OwnerReferences { get; init => field = value ?? []; } = [];

    /// <summary>namespace/name, or the name alone for what has no namespace.</summary>
    [JsonIgnore]
    public string Id => _id ??= Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";

    private string? _id;
}

internal sealed record OwnerReference
{
    public string Kind { get; init => field = value ?? ""; } = "";

    public string Name { get; init => field = value ?? ""; } = "";

    public bool Controller { get; init; }
}
