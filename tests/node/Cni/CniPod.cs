using System.Text.Json.Nodes;
using CliWrap;
using CliWrap.Buffered;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Cni;

/// <summary>
/// A pod whose network a container runtime would make: the Debian plugins bridge and host-local, and ours behind them, run one
/// after the other by the CNI protocol on the test's node.
/// </summary>
public sealed class CniPod : IAsyncDisposable
{
    private readonly TestNode _node;
    private readonly Netns _netns;
    private JsonNode? _result;

    private CniPod(TestNode node, string name, Netns netns) => (_node, Name, _netns) = (node, name, netns);

    public string Name { get; }

    public string Netns => _netns.Name;

    public string ContainerId => $"c-{Netns}";

    /// <summary>"fail" or "unmeshed".</summary>
    public string Policy { get; init; } = "fail";

    public double TimeoutSeconds { get; init; } = 10;

    public string Address => _result!["ips"]![0]!["address"]!.GetValue<string>().Split('/')[0];

    public static async Task<CniPod> CreateAsync(TestNode node, string name, string policy = "fail", double timeoutSeconds = 10) =>
        new(node, name, await Kit.Netns.CreateAsync($"{node.Netns}-{name}")) { Policy = policy, TimeoutSeconds = timeoutSeconds };

    /// <summary>The API's Pod, which knows neither the address nor the namespace.</summary>
    public void Declare(bool enrolled = true, string app = "") => _node.Mesh.Resources.Write($"cni-{Name}", $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{Name}}
          namespace: default
          uid: uid-of-{{Name}}
          labels:
            nodemesh.io/mesh: {{(enrolled ? "enabled" : "disabled")}}
            app: {{(app.Length > 0 ? app : Name)}}
        spec:
          nodeName: {{_node.Name}}
        """);

    /// <summary>ADD through the whole chain; the result of our plugin.</summary>
    public async Task<BufferedCommandResult> AddAsync()
    {
        var bridge = await PluginAsync("/usr/lib/cni/bridge", "ADD", Bridge(_node));
        Assert.True(bridge.ExitCode == 0, bridge.StandardOutput + bridge.StandardError);
        _result = JsonNode.Parse(bridge.StandardOutput);
        return await OursAsync("ADD");
    }

    /// <summary>ADD as a container runtime does it: the plugins of a network configuration one after the other, each with the result of the one before.</summary>
    /// <param name="binaries">Where the last of them is; the others are Debian's.</param>
    public async Task<BufferedCommandResult> AddByChainAsync(string conflist, string binaries)
    {
        var list = JsonNode.Parse(await File.ReadAllTextAsync(conflist))!;
        BufferedCommandResult? last = null;
        foreach (var plugin in list["plugins"]!.AsArray())
        {
            var configuration = plugin!.DeepClone().AsObject();
            configuration["cniVersion"] = list["cniVersion"]!.DeepClone();
            configuration["name"] = list["name"]!.DeepClone();
            configuration["prevResult"] = _result?.DeepClone();
            var type = plugin["type"]!.ToString();
            last = await PluginAsync(File.Exists($"{binaries}/{type}") ? $"{binaries}/{type}" : $"/usr/lib/cni/{type}", "ADD", configuration);
            if (last.ExitCode != 0)
            {
                break;
            }
            _result = JsonNode.Parse(last.StandardOutput);
        }
        return last!;
    }

    /// <summary>The configuration that a cluster's CNI plugin would have put there.</summary>
    public static string Chain(TestNode node)
    {
        var bridge = Bridge(node);
        bridge.Remove("cniVersion");
        bridge.Remove("name");
        return new JsonObject { ["cniVersion"] = "1.0.0", ["name"] = "pods", ["plugins"] = new JsonArray(bridge) }.ToJsonString();
    }

    public JsonNode Result => _result!;

    public Task<BufferedCommandResult> OursAsync(string command, string? uid = null) => PluginAsync(Products.Cni, command, Ours(), uid);

    /// <summary>DEL, the last plugin first.</summary>
    public async Task DeleteAsync()
    {
        var ours = await OursAsync("DEL");
        Assert.True(ours.ExitCode == 0, ours.StandardOutput + ours.StandardError);
        var bridge = await PluginAsync("/usr/lib/cni/bridge", "DEL", Bridge(_node));
        Assert.True(bridge.ExitCode == 0, bridge.StandardOutput + bridge.StandardError);
    }

    public Task<string> ExecAsync(params string[] command) => _netns.ExecAsync(command);

    public string[] Inside(params string[] command) => _netns.Inside(command);

    public ValueTask DisposeAsync() => _netns.DisposeAsync();

    private static JsonObject Bridge(TestNode node) => new()
    {
        ["cniVersion"] = "1.0.0",
        ["name"] = "pods",
        ["type"] = "bridge",
        ["bridge"] = "cni0",
        ["isGateway"] = true,
        ["ipam"] = new JsonObject
        {
            ["type"] = "host-local",
            ["dataDir"] = $"{node.Agent.State}-ipam",
            ["ranges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = "10.79.0.0/24" })),
            ["routes"] = new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0" }),
        },
    };

    private JsonObject Ours() => new()
    {
        ["cniVersion"] = "1.0.0",
        ["name"] = "pods",
        ["type"] = "nodemesh-cni",
        ["socket"] = _node.Agent.CniSocket,
        ["onAgentFailure"] = Policy,
        ["timeoutSeconds"] = TimeoutSeconds,
        ["prevResult"] = _result?.DeepClone(),
    };

    private async Task<BufferedCommandResult> PluginAsync(string plugin, string command, JsonObject configuration, string? uid = null) =>
        await CliWrap.Cli.Wrap("nsenter").WithArguments([$"--net=/run/netns/{_node.Netns}", "--", plugin])
            .WithEnvironmentVariables(variables => variables
                .Set("CNI_COMMAND", command)
                .Set("CNI_CONTAINERID", ContainerId)
                .Set("CNI_NETNS", $"/run/netns/{Netns}")
                .Set("CNI_IFNAME", "eth0")
                .Set("CNI_PATH", "/usr/lib/cni")
                .Set("CNI_ARGS", $"IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={Name};K8S_POD_UID={uid ?? $"uid-of-{Name}"}"))
            .WithStandardInputPipe(PipeSource.FromString(configuration.ToJsonString()))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
}
