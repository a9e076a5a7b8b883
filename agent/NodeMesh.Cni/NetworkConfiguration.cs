using System.Text.Json;

namespace NodeMesh.Cni;

/// <summary>The plugin's entry in the network configuration, as the runtime passes it on stdin.</summary>
internal sealed record NetworkConfiguration
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromSeconds(60);

    public string CniVersion { get; init; } = SpecVersion.Newest;

    /// <summary>The agent's socket.</summary>
    public string Socket { get; init; } = "/run/nodemesh/cni.sock";

    /// <summary>How long a pod's start may be held up, all in all.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    public AgentFailurePolicy OnAgentFailure { get; init; } = AgentFailurePolicy.Fail;

    /// <summary>Namespaces whose pods are never asked about: what the cluster needs to get the agent back must not wait for it.</summary>
    public IReadOnlyList<string> ExcludedNamespaces { get; init; } = [];

    /// <summary>The result of the plugins before this one; passed on as it is.</summary>
    public JsonElement? PreviousResult { get; init; }

    /// <summary>GC: the attachments that still exist, as container ids.</summary>
    public IReadOnlyList<string>? ValidContainers { get; init; }

    /// <exception cref="CniException">It is not what the specification or this plugin wants.</exception>
    public static NetworkConfiguration Read(Stream stdin)
    {
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(stdin);
            root = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new CniException(CniErrorCode.Undecodable, "the network configuration on stdin is not JSON", e.Message);
        }
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new CniException(CniErrorCode.Undecodable, "the network configuration on stdin is not a JSON object");
        }
        return new NetworkConfiguration
        {
            CniVersion = Text(root, "cniVersion") ?? "0.1.0", // as the specification has it where none is named
            Socket = Text(root, "socket") ?? "/run/nodemesh/cni.sock",
            Timeout = ReadTimeout(root),
            OnAgentFailure = ReadPolicy(root),
            ExcludedNamespaces = [.. Items(root, "excludeNamespaces").Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)],
            PreviousResult = root.TryGetProperty("prevResult", out var previous) && previous.ValueKind == JsonValueKind.Object ? previous : null,
            ValidContainers = root.TryGetProperty("cni.dev/valid-attachments", out _)
                ? [.. Items(root, "cni.dev/valid-attachments").Select(e => Text(e, "containerID")).OfType<string>()]
                : null,
        };
    }

    /// <summary>The addresses that the plugins before this one gave the pod.</summary>
    public IReadOnlyList<string> Addresses() => PreviousResult is not { } previous
        ? []
        : [.. Items(previous, "ips").Select(ip => Text(ip, "address")).OfType<string>().Select(address => address.Split('/')[0])];

    private static TimeSpan ReadTimeout(JsonElement root)
    {
        if (!root.TryGetProperty("timeoutSeconds", out var value))
        {
            return DefaultTimeout;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds > 0 && seconds <= LongestTimeout.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw Invalid($"timeoutSeconds: {value}: give a number above 0 and up to {LongestTimeout.TotalSeconds}");
    }

    private static AgentFailurePolicy ReadPolicy(JsonElement root) => Text(root, "onAgentFailure") switch
    {
        null or "fail" => AgentFailurePolicy.Fail,
        "unmeshed" => AgentFailurePolicy.Unmeshed,
        var other => throw Invalid($"onAgentFailure: \"{other}\": give fail or unmeshed"),
    };

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidConfiguration, $"nodemesh-cni's entry in the network configuration: {message}");

    private static string? Text(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonElement[] Items(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : [];
}
