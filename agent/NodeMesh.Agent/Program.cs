using System.CommandLine;
using NodeMesh.Agent;

// Signals are the agent's own business: it takes as long as its pods need to be put back.
return await AgentCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
