using System.CommandLine;

namespace NodeMesh.Cli.Cluster;

/// <summary>Which agents: those of a cluster, or with --admin those at given addresses.</summary>
internal sealed class AgentsOption
{
    private readonly Option<string[]> _admin = new("--admin")
    {
        Description = "Ask the agent at this admin address itself, without Kubernetes (127.0.0.1:15020); may be given for several.",
        HelpName = "address:port",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly ClusterOptions _cluster = new();

    public Command AddTo(Command command)
    {
        command.Add(_admin);
        return _cluster.AddTo(command);
    }

    /// <summary>Does the work with the agents that are meant.</summary>
    /// <exception cref="ClusterException">There is no usable kubeconfig.</exception>
    public async Task<int> WithAsync(ParseResult result, Func<MeshAgents, Task<int>> work)
    {
        if (result.GetValue(_admin) is { Length: > 0 } addresses)
        {
            using var agents = new AdminAgents(addresses);
            return await work(agents);
        }
        using var api = _cluster.Connect(result);
        return await work(new MeshNodes(api, _cluster.Namespace(result)));
    }
}
