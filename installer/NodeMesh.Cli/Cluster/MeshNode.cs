namespace NodeMesh.Cli.Cluster;

/// <summary>An agent's pod of the DaemonSet.</summary>
/// <param name="AdminPort">Where its admin port is, on the node's address.</param>
/// <param name="Problem">Why it is not ready; empty when it is.</param>
internal sealed record MeshNode(string Node, string Pod, string Version, int AdminPort, bool IsReady, string Problem);
