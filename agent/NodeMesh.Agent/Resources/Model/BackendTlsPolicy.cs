using System.Text.Json;
using System.Text.Json.Serialization;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Model;

/// <summary>BackendTLSPolicy: the proxies speak TLS with the endpoints of a Service.</summary>
internal sealed record BackendTlsPolicy : IPolicy
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;

    public BackendTlsPolicySpec Spec { get; init => field = value ?? BackendTlsPolicySpec.Empty; } = BackendTlsPolicySpec.Empty;

    [JsonIgnore]
    public string Kind => GatewayApi.BackendTlsPolicy;

    [JsonIgnore]
    public IReadOnlyList<TargetReference> Targets => Spec.TargetRefs;

    /// <summary>ids of the ConfigMaps it refers to: all of its own namespace.</summary>
    public IEnumerable<string> ConfigMaps() =>
        Spec.ReadValidation(out _).CaCertificateRefs.Where(BackendTlsValidation.IsConfigMap).Select(reference => $"{Metadata.Namespace}/{reference.Name}");
}

internal sealed record BackendTlsPolicySpec
{
    public static BackendTlsPolicySpec Empty { get; } = new();

    public IReadOnlyList<TargetReference> TargetRefs { get; init => field = value ?? []; } = [];

    /// <summary>Left unread until it is needed: a policy whose validation is nonsense must close its targets, not be left out, which would open them.</summary>
    public JsonElement? Validation { get; init; }

    /// <param name="error">Why it can't be read; null: it can.</param>
    public BackendTlsValidation ReadValidation(out string? error)
    {
        error = null;
        try
        {
            return Validation?.Deserialize(ModelJson.Default.BackendTlsValidation) ?? new BackendTlsValidation();
        }
        catch (JsonException e)
        {
            error = $"spec.validation{e.Path?.TrimStart('$')} can not be read";
            return new BackendTlsValidation();
        }
    }
}

internal sealed record BackendTlsValidation
{
    /// <summary>Where the certificates are that are trusted.</summary>
    public IReadOnlyList<LocalReference> CaCertificateRefs { get; init => field = value ?? []; } = [];

    /// <summary>System, in the place of references.</summary>
    [JsonPropertyName("wellKnownCACertificates")]
    public string? WellKnownCaCertificates { get; init; }

    /// <summary>The server name, and where there are no alternatives the name that the certificate must have.</summary>
    public string Hostname { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<SubjectAltName> SubjectAltNames { get; init => field = value ?? []; } = [];

    public static bool IsConfigMap(LocalReference reference) => reference is { Group: "", Kind: "ConfigMap", Name.Length: > 0 };
}

internal sealed record SubjectAltName
{
    /// <summary>Hostname or URI.</summary>
    public string Type { get; init => field = value ?? ""; } = "";

    public string? Hostname { get; init; }

    public string? Uri { get; init; }
}
