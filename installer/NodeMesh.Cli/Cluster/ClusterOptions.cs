using System.CommandLine;

namespace NodeMesh.Cli.Cluster;

/// <summary>Which cluster, as kubectl has it; and where the mesh is in it.</summary>
internal sealed class ClusterOptions
{
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "The kubeconfig; else $KUBECONFIG, else ~/.kube/config." };
    private readonly Option<string?> _context = new("--context") { Description = "The context of the kubeconfig; else its current one." };
    private readonly Option<string> _namespace = new("--mesh-namespace") { Description = "The namespace the mesh is installed in.", DefaultValueFactory = _ => "nodemesh-system" };

    public Command AddTo(Command command)
    {
        command.Add(_kubeconfig);
        command.Add(_context);
        command.Add(_namespace);
        return command;
    }

    public string Namespace(ParseResult result) => result.GetRequiredValue(_namespace);

    /// <exception cref="ClusterException">There is no usable kubeconfig.</exception>
    public ClusterApi Connect(ParseResult result) => ClusterApi.Connect(result.GetValue(_kubeconfig), result.GetValue(_context));
}
