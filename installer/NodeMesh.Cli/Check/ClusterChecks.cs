using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NodeMesh.Cli.Cluster;

namespace NodeMesh.Cli.Check;

/// <summary>Whether the mesh can be had in this cluster: asked before there is one, and true afterwards, too.</summary>
internal sealed partial class ClusterChecks(ClusterApi api, string @namespace)
{
    private static readonly Version OldestKubernetes = new(1, 25);
    private static readonly Version OldestKernel = new(5, 17);
    private static readonly Version OldestGatewayApi = new(1, 1);

    // What `nodemesh install` does.
    private static readonly (string Verb, string Group, string Resource)[] Rights =
    [
        ("patch", "", "namespaces"), ("patch", "", "serviceaccounts"), ("patch", "apps", "daemonsets"), ("patch", "apiextensions.k8s.io", "customresourcedefinitions"), ("patch", "rbac.authorization.k8s.io", "clusterroles"),
        ("patch", "rbac.authorization.k8s.io", "clusterrolebindings"), ("patch", "rbac.authorization.k8s.io", "roles"), ("patch", "rbac.authorization.k8s.io", "rolebindings"),
    ];

    public async IAsyncEnumerable<Finding> RunAsync()
    {
        yield return await ApiServerAsync();
        yield return await RightsAsync();
        foreach (var node in await api.ListAsync("/api/v1/nodes", default))
        {
            yield return Kernel(node);
        }
        foreach (var finding in await CiliumAsync())
        {
            yield return finding;
        }
        yield return await MultusAsync();
        yield return await GatewayApiAsync();
    }

    private async Task<Finding> ApiServerAsync()
    {
        var version = (await api.TryGetAsync("/version", default))?["gitVersion"]?.ToString() ?? "";
        return Parse(version) switch
        {
            null => Finding.Warning($"API server {api.Server}", "it does not tell its version", "see that it is Kubernetes 1.25 or newer"),
            var found when found < OldestKubernetes => Finding.Failure($"API server {api.Server}", $"Kubernetes {version} is too old", "upgrade it to 1.25 or newer"),
            _ => Finding.Good($"API server {api.Server}", $"Kubernetes {version}"),
        };
    }

    private async Task<Finding> RightsAsync()
    {
        var lacking = new List<string>();
        foreach (var (verb, group, resource) in Rights)
        {
            var review = new JsonObject
            {
                ["apiVersion"] = "authorization.k8s.io/v1",
                ["kind"] = "SelfSubjectAccessReview",
                ["spec"] = new JsonObject { ["resourceAttributes"] = new JsonObject { ["verb"] = verb, ["group"] = group, ["resource"] = resource, ["namespace"] = @namespace } },
            };
            try
            {
                var answer = await api.CreateAsync("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, default);
                if (answer["status"]?["allowed"]?.GetValue<bool>() != true)
                {
                    lacking.Add($"{verb} {resource}");
                }
            }
            catch (ClusterException e)
            {
                return Finding.Warning("your rights", $"they can't be asked for: {e.Message}", "see that you may install (cluster-admin may)");
            }
        }
        return lacking.Count == 0
            ? Finding.Good("your rights", "enough to install")
            : Finding.Failure("your rights", $"you may not {string.Join(", ", lacking)}", "ask an administrator of the cluster to install, or for these rights");
    }

    private static Finding Kernel(JsonNode node)
    {
        var about = $"node {node["metadata"]?["name"]}";
        var info = node["status"]?["nodeInfo"];
        if (info?["operatingSystem"]?.ToString() is { } system && system != "linux")
        {
            return Finding.Warning(about, $"it runs {system}", "its pods can't be meshed; the DaemonSet leaves it out");
        }
        var kernel = info?["kernelVersion"]?.ToString() ?? "";
        var machine = info?["architecture"]?.ToString();
        return Parse(kernel) switch
        {
            null => Finding.Warning(about, "it does not tell its kernel's version", "see that it is Linux 5.17 or newer"),
            var found when found < OldestKernel => Finding.Warning(about, $"Linux {kernel} has not all of the hooks of the eBPF capture", "use Linux 5.17 or newer; until then iptables captures there"),
            _ when machine is not (null or "amd64" or "arm64") => Finding.Warning(
                about, $"it is {machine}, and the image is for amd64 and arm64: no agent starts there", "build the image for it, or keep the DaemonSet off it (nodeSelector)"),
            _ => Finding.Good(about, $"Linux {kernel}"),
        };
    }

    private async Task<IReadOnlyList<Finding>> CiliumAsync()
    {
        if ((await api.TryGetAsync("/api/v1/namespaces/kube-system/configmaps/cilium-config", default))?["data"] is not { } data)
        {
            return [];
        }
        var findings = new List<Finding>();
        if (data["cni-exclusive"]?.ToString() != "false")
        {
            findings.Add(Finding.Failure("Cilium", "it removes every other CNI configuration (cni-exclusive), the mesh's too", "set cni.exclusive=false in Cilium's Helm values"));
        }
        if (data["kube-proxy-replacement"]?.ToString() is "true" or "strict" or "probe" && data["bpf-lb-sock-hostns-only"]?.ToString() != "true")
        {
            findings.Add(Finding.Failure(
                "Cilium", "its kube-proxy replacement turns Service addresses into pod addresses in connect(), before the mesh sees them", "set socketLB.hostNamespaceOnly=true in Cilium's Helm values"));
        }
        return findings.Count > 0 ? findings : [Finding.Good("Cilium", "it leaves Service addresses and CNI configurations to the mesh")];
    }

    private async Task<Finding> MultusAsync()
    {
        var sets = await api.ListAsync("/apis/apps/v1/namespaces/kube-system/daemonsets", default);
        return sets.Any(s => s["metadata"]?["name"]?.ToString().Contains("multus", StringComparison.Ordinal) == true)
            ? Finding.Warning("CNI", "Multus makes chains of its own, which the agents leave alone", "add nodemesh-cni to its default network, as docs/install.md says")
            : Finding.Good("CNI", "nothing known to be in the way of a chained plugin");
    }

    private async Task<Finding> GatewayApiAsync()
    {
        const string Install = "kubectl apply --server-side -f https://github.com/kubernetes-sigs/gateway-api/releases/latest/download/standard-install.yaml";
        var definition = await api.TryGetAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.gateway.networking.k8s.io", default);
        if (definition is null)
        {
            return Finding.Warning("Gateway API", "its definitions are not installed: there are no routes", Install);
        }
        var version = definition["metadata"]?["annotations"]?["gateway.networking.k8s.io/bundle-version"]?.ToString() ?? "";
        return Parse(version) is { } found && found < OldestGatewayApi
            ? Finding.Warning("Gateway API", $"{version} has no routes of Services in its standard channel", Install)
            : Finding.Good("Gateway API", $"installed {version}".TrimEnd());
    }

    private static Version? Parse(string text) => Numbers().Match(text) is { Success: true } match ? Version.Parse(match.Value) : null;

    [GeneratedRegex(@"\d+\.\d+")]
    private static partial Regex Numbers();
}
