namespace NodeMesh.Cli.Demo;

/// <summary>The demo cannot go on. The message is one sentence for the person at the terminal: what failed, why, what to do.</summary>
internal sealed class DemoException(string message, Exception? inner = null) : Exception(message, inner);
