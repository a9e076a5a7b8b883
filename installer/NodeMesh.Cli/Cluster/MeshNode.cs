namespace NodeMesh.Cli.Cluster;

/// <summary>An agent's pod of the DaemonSet.</summary>
/// <param name="Problem">Why it is not ready; empty when it is.</param>
internal sealed record MeshNode(string Node, string Pod, string Version, bool IsReady, string Problem);
