using System.Text.Json.Nodes;
using NodeMesh.Cli.Check;

namespace NodeMesh.Cli.Diagnose;

/// <summary>Goes the way of a request, from the nodes to the answers, and says what is wrong at each step.</summary>
internal sealed class Diagnosis(Evidence evidence, Subject subject)
{
    private const string Label = "label nodemesh.io/mesh=enabled on the pod or its Namespace";

    private readonly List<Finding> _findings = [];

    /// <summary>What is worst first; a single good one when nothing is wrong.</summary>
    public IReadOnlyList<Finding> Findings()
    {
        Nodes();
        Pods();
        Endpoints();
        Resources();
        _findings.AddRange(new TrafficDiagnosis(evidence, subject).Findings());
        return _findings.Any(finding => finding.Severity != Severity.Good)
            ? [.. _findings.OrderByDescending(finding => finding.Severity)]
            : [.. _findings.DefaultIfEmpty(Finding.Good(subject.Id, $"nothing is wrong that the mesh can see; it had no traffic in {evidence.Watched.TotalSeconds:0} s"))];
    }

    private void Nodes()
    {
        foreach (var node in evidence.Nodes)
        {
            var about = $"node {node.Node.Node}";
            if (node.Silence.Length > 0)
            {
                Fail(about, $"its agent does not answer: {node.Silence}", "its pods go on as they are; see why it does not run");
                continue;
            }
            if (node.Now("nodemesh_proxy_config_version") is 0)
            {
                Fail(about, "no proxy is connected to the agent: new connections wait for 5 s and are then refused", "the agent starts a new one; its log and the proxy's say why it does not come up");
            }
            else if (node.Now("nodemesh_proxy_open_descriptors") is null)
            {
                Fail(about, "the proxy does not answer the agent: it hangs, or is starved of CPU", "see its CPU limit and the node's load; a proxy that stands still for 10 s is replaced");
            }
            else if (!node.Node.IsReady)
            {
                Warn(about, $"it is not ready: {node.Node.Problem}", "see the agent's log");
            }
            if (node.Now("nodemesh_config_age_seconds") is > 300 and var age)
            {
                Warn(about, $"its configuration is {age:0} s old: changes since then are not in force", "see whether it reaches the API server");
            }
            var died = node.Now("nodemesh_proxy_restarts_total") - (node.Before.FirstOrDefault(sample => sample.Name == "nodemesh_proxy_restarts_total")?.Value ?? 0);
            if (died > 0)
            {
                Fail(about, $"its proxy has died {died:0} times in {evidence.Watched.TotalSeconds:0} s", "the agent's log has the last lines of each");
            }
        }
    }

    private void Pods()
    {
        var seen = evidence.Nodes.SelectMany(node => node.Pods.Select(pod => (node, pod))).Where(item => subject.Pods.Contains($"{item.pod["namespace"]}/{item.pod["name"]}")).ToList();
        foreach (var (node, pod) in seen)
        {
            var about = $"pod {pod["namespace"]}/{pod["name"]}";
            if (!Is(pod, "enrolled"))
            {
                Warn(about, "it is not in the mesh: what it calls goes past the mesh, and no policy holds for that", Label);
            }
            else if (!Is(pod, "captured"))
            {
                Fail(about, $"it is in the mesh, but its connections are not captured: {string.Join("; ", pod["missing"] as JsonArray ?? [])}", $"the agent on {node.Node.Node} tries again and again; its log says what it lacks");
            }
            if (pod["unmeshed"]?.GetValue<long>() is > 0 and var unmeshed)
            {
                Warn(about, $"{unmeshed} of its connections were let through unmeshed while no proxy was alive", "its nodemesh.io/on-failure is open; take that away where policies must hold");
            }
            if (pod["bypassAttempts"]?.GetValue<long>() is > 0 and var bypasses)
            {
                Warn(about, $"it tried {bypasses} times to connect past the mesh, in vain", "look what in it sets marks or binds to devices");
            }
        }
        var missed = subject.Pods.Except(seen.Select(item => $"{item.pod["namespace"]}/{item.pod["name"]}")).ToList();
        if (missed.Count > 0)
        {
            Warn(subject.Id, $"no agent knows {string.Join(", ", missed.Order().Take(5))} as a pod of its node", "see that an agent runs on that node: nodemesh status");
        }
        if (subject.Pods.Count == 0)
        {
            Fail(subject.Id, "it has no pods", "see its selector, and whether the workload behind it is scaled to 0");
        }
    }

    private void Endpoints()
    {
        foreach (var service in subject.Services)
        {
            foreach (var port in Subject.Ports(service))
            {
                var endpoints = Items(port["endpoints"]).ToList();
                if (endpoints.Any(endpoint => Is(endpoint, "ready")))
                {
                    continue;
                }
                // A pod with addresses of both families is two.
                var count = endpoints.Select(endpoint => endpoint["workload"]?.ToString() is { Length: > 0 } pod ? pod : endpoint["address"]?.ToString()).Distinct().Count();
                Fail(
                    $"Service {service["id"]}",
                    endpoints.Count == 0 ? $"port {port["port"]} has no endpoints: no pod matches its selector, or none has a port of the name targetPort says" : $"port {port["port"]} has {count} endpoints, and none is ready",
                    endpoints.Count == 0 ? "compare the selector with the pods' labels" : "see why the pods fail their readiness probes: kubectl describe pod");
            }
        }
    }

    private void Resources()
    {
        foreach (var problem in evidence.Problems.Where(problem => problem["object"]?.ToString().StartsWith($"{subject.Namespace}/", StringComparison.Ordinal) == true))
        {
            // What can't be read can't say what it is for.
            var add = Concerns(problem["object"]!.ToString()) ? (Action<string, string, string>)Fail : Warn;
            add($"{problem["kind"]} {problem["object"]}", $"it is not in force as written: {problem["message"]}", "mend it; the rest of the configuration is not affected");
        }
        foreach (var route in evidence.Routes)
        {
            foreach (var parent in Items(route["parents"]).Where(parent => subject.ServiceIds.Contains($"{parent["parent"]?["namespace"]?.ToString() ?? route["namespace"]?.ToString()}/{parent["parent"]?["name"]}")))
            {
                Conditions($"{route["kind"]} {route["namespace"]}/{route["name"]}", parent);
            }
        }
        foreach (var policy in evidence.Policies.Where(policy => policy["namespace"]?.ToString() == subject.Namespace))
        {
            foreach (var target in Items(policy["targets"]).Where(target => target["target"]?["kind"]?.ToString() != "Service" || subject.ServiceIds.Contains($"{subject.Namespace}/{target["target"]?["name"]}")))
            {
                Conditions($"{policy["kind"]} {policy["namespace"]}/{policy["name"]}", target);
            }
        }
    }

    // PartiallyInvalid alone is bad news when true.
    private void Conditions(string about, JsonNode of)
    {
        foreach (var condition in Items(of["conditions"]))
        {
            var isTrue = condition["status"]?.ToString() is "True" or "true";
            if (isTrue == (condition["type"]?.ToString() == "PartiallyInvalid"))
            {
                Fail(about, $"it is not wholly in force: {condition["reason"]}: {condition["message"]}", "mend it, or what it names");
            }
        }
    }

    private bool Concerns(string id) => id == subject.Id || subject.Pods.Contains(id) || subject.ServiceIds.Contains(id);

    private static IEnumerable<JsonNode> Items(JsonNode? json) => (json as JsonArray ?? []).OfType<JsonNode>();

    private static bool Is(JsonNode item, string field) => item[field]?.GetValue<bool>() == true;

    private void Fail(string about, string message, string remedy) => _findings.Add(Finding.Failure(about, message, remedy));

    private void Warn(string about, string message, string remedy) => _findings.Add(Finding.Warning(about, message, remedy));
}
