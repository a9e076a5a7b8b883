namespace NodeMesh.Agent.Serving.Console;

/// <summary>What the agent's command line says of the console.</summary>
internal sealed record ConsoleOptions
{
    /// <summary>A file that holds the token by which others than this machine's own users get in; null: nobody else does.</summary>
    public string? TokenFile { get; init; }
}
