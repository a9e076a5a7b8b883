using System.Text.Json.Nodes;
using NodeMesh.Cli.Charts;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Metrics;

namespace NodeMesh.Cli.Check;

/// <summary>Whether the mesh that is installed does what it should, node by node.</summary>
internal sealed class MeshChecks(ClusterApi api, string @namespace)
{
    private static readonly TimeSpan OldConfiguration = TimeSpan.FromMinutes(5);

    /// <summary>Whether there is a mesh to check.</summary>
    public async Task<bool> IsInstalledAsync() => await api.TryGetAsync($"/apis/apps/v1/namespaces/{@namespace}/daemonsets/nodemesh", default) is not null;

    public async IAsyncEnumerable<Finding> RunAsync()
    {
        var nodes = new MeshNodes(api, @namespace);
        IReadOnlyList<MeshNode> agents = [];
        Finding? none = null;
        try
        {
            agents = await nodes.ListAsync(default);
        }
        catch (ClusterException e)
        {
            none = Finding.Failure("DaemonSet nodemesh", e.Message, "see why with kubectl describe daemonset nodemesh");
        }
        if (none is not null)
        {
            yield return none;
            yield break;
        }
        foreach (var finding in await WithoutAgentAsync(agents))
        {
            yield return finding;
        }
        foreach (var agent in agents)
        {
            foreach (var finding in await NodeAsync(nodes, agent))
            {
                yield return finding;
            }
        }
    }

    private async Task<IReadOnlyList<Finding>> WithoutAgentAsync(IReadOnlyList<MeshNode> agents)
    {
        var served = agents.Select(a => a.Node).ToHashSet(StringComparer.Ordinal);
        var all = await api.ListAsync("/api/v1/nodes", default);
        return [.. all.Select(n => n["metadata"]!["name"]!.ToString()).Where(n => !served.Contains(n)).Select(n =>
            Finding.Warning($"node {n}", "no agent runs there", "compare its labels and taints with nodeSelector and tolerations of the DaemonSet"))];
    }

    private async Task<IReadOnlyList<Finding>> NodeAsync(MeshNodes nodes, MeshNode agent)
    {
        var about = $"node {agent.Node}";
        if (!agent.IsReady)
        {
            return [Finding.Failure(about, $"the agent is not ready: {agent.Problem}", $"kubectl -n {@namespace} logs {agent.Pod} -c agent")];
        }
        var findings = new List<Finding>();
        if (agent.Version != Chart.Version)
        {
            findings.Add(Finding.Warning(about, $"version {agent.Version}, this program is {Chart.Version}", "nodemesh upgrade"));
        }
        if ((await nodes.TryAskAsync(agent, "pods", default)).Json is not { } answer)
        {
            return
            [
                .. findings,
                Finding.Warning(
                    about, "its admin port does not answer through the API server",
                    $"see that you have the right to get pods/proxy, and that the API server reaches the nodes' port {agent.AdminPort}"),
            ];
        }
        var enrolled = (answer["pods"] as JsonArray ?? []).OfType<JsonNode>().Where(p => p["enrolled"]?.GetValue<bool>() == true).ToList();
        foreach (var pod in enrolled.Where(p => p["captured"]?.GetValue<bool>() != true))
        {
            findings.Add(Finding.Failure($"pod {pod["namespace"]}/{pod["name"]}", $"it is not captured: {string.Join("; ", pod["missing"] as JsonArray ?? [])}", $"kubectl -n {@namespace} logs {agent.Pod} -c agent"));
        }
        if (answer["capture"]?.ToString() == "iptables")
        {
            findings.Add(Finding.Warning(about, "iptables captures there", $"kubectl -n {@namespace} logs {agent.Pod} -c agent | grep 'capture by' says what eBPF lacks"));
        }
        findings.AddRange(await MetricsAsync(nodes, agent, about));
        foreach (var problem in ((await nodes.TryAskAsync(agent, "problems", default)).Json as JsonArray ?? []).OfType<JsonNode>().Where(p => p["kind"]?.ToString() == "Node"))
        {
            findings.Add(Finding.Warning(about, problem["message"]?.ToString() ?? "", "see docs/install.md"));
        }
        return findings.Count > 0 ? findings : [Finding.Good(about, $"{enrolled.Count} of {enrolled.Count} pods captured by {answer["capture"]}")];
    }

    private static async Task<IReadOnlyList<Finding>> MetricsAsync(MeshNodes nodes, MeshNode agent, string about)
    {
        try
        {
            var age = MetricsText.Parse(await nodes.AskAsync(agent, "metrics", default)).FirstOrDefault(s => s.Name == "nodemesh_config_age_seconds");
            return age is not null && age.Value > OldConfiguration.TotalSeconds
                ? [Finding.Failure(about, $"its configuration is {age.Value:0} s old: the agent does not reach the API server", "what was known is served on; see the agent's log")]
                : [];
        }
        catch (ClusterException)
        {
            return [];
        }
    }
}
