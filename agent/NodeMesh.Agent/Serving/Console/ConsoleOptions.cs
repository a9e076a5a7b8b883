using NodeMesh.Agent.Editing;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>What the agent's command line says of the console.</summary>
internal sealed record ConsoleOptions
{
    /// <summary>A file that holds the token by which others than this machine's own users get in; null: nobody else does.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Changes weights for it; null: it reads only.</summary>
    public IWeightEditor? Weights { get; init; }

    /// <summary>The Prometheus that scrapes all nodes; null: the console shows this node's traffic alone.</summary>
    public Uri? Prometheus { get; init; }
}
