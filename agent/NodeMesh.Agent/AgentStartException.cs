namespace NodeMesh.Agent;

/// <summary>The agent can't start here. The message is one sentence: what is missing and what to do.</summary>
internal sealed class AgentStartException(string message) : Exception(message);
