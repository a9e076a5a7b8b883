namespace NodeMesh.Agent.CniChain;

/// <summary>How the CNI plugin is put into the node's network configuration.</summary>
internal sealed record ChainOptions
{
    /// <summary>Where the container runtime looks for plugins; null: the plugin is not installed by this agent.</summary>
    public string? BinaryDirectory { get; init; }

    /// <summary>Where the container runtime looks for network configurations.</summary>
    public string ConfigurationDirectory { get; init; } = "/etc/cni/net.d";

    /// <summary>The plugin, to be copied.</summary>
    public string Plugin { get; init; } = Path.Combine(AppContext.BaseDirectory, ChainFile.PluginType);

    public required string Socket { get; init; }

    public double TimeoutSeconds { get; init; } = 10;

    /// <summary>fail or unmeshed.</summary>
    public string OnAgentFailure { get; init; } = "fail";

    public IReadOnlyList<string> ExcludedNamespaces { get; init; } = [];
}
