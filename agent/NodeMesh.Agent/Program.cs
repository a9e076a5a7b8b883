using NodeMesh.Agent;

return await AgentCommand.Create().Parse(args).InvokeAsync();
