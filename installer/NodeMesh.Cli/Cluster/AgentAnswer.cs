using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Cluster;

/// <summary>What an agent answered.</summary>
/// <param name="Json">null: nothing.</param>
/// <param name="Problem">Why there is no answer; empty when there is one.</param>
internal sealed record AgentAnswer(MeshNode Node, JsonNode? Json, string Problem);
