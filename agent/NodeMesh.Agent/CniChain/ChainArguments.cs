using System.CommandLine;

namespace NodeMesh.Agent.CniChain;

/// <summary>The options of the command line that are about the CNI plugin.</summary>
internal sealed class ChainArguments
{
    private readonly Option<string?> _binaries = new("--cni-bin") { Description = "Directory to install the CNI plugin in; without it the agent installs none, and pods are captured once the resources tell of them" };
    private readonly Option<string> _configurations = new("--cni-conf") { DefaultValueFactory = _ => "/etc/cni/net.d", Description = "Directory of the node's network configurations" };
    private readonly Option<double> _timeout = new("--cni-timeout") { DefaultValueFactory = _ => 10, Description = "Seconds that the start of a pod may wait for this agent" };
    private readonly Option<string> _onFailure = new("--cni-on-failure") { DefaultValueFactory = _ => "fail", Description = "What becomes of a pod when this agent does not answer in time: fail (it is tried again) or unmeshed" };
    private readonly Option<string[]> _excluded = new("--cni-exclude")
    {
        CustomParser = result => [.. result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
        Description = "Namespaces, separated by commas, whose pods the CNI plugin never asks about",
    };

    public ChainArguments() => _onFailure.AcceptOnlyFromAmong("fail", "unmeshed");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _binaries, _configurations, _timeout, _onFailure, _excluded })
        {
            command.Add(option);
        }
    }

    public ChainOptions Read(ParseResult parsed, StateDirectory state) => new()
    {
        BinaryDirectory = parsed.GetValue(_binaries),
        ConfigurationDirectory = parsed.GetValue(_configurations)!,
        TimeoutSeconds = Math.Clamp(parsed.GetValue(_timeout), 1, 60),
        OnAgentFailure = parsed.GetValue(_onFailure)!,
        ExcludedNamespaces = parsed.GetValue(_excluded) ?? [],
        Socket = state.CniSocket,
    };
}
