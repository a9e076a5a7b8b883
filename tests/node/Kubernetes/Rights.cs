using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Cni;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.NodeTests.Kubernetes;

/// <summary>The rights that the chart gives to the agents are those that an agent uses, no fewer and no more.</summary>
public sealed class Rights
{
    private const string Mesh = "nodemesh-system";

    private static readonly (string Group, string Version, string Kind, string Plural)[] Kinds =
    [
        ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
        ("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes"),
        ("gateway.networking.k8s.io", "v1", "TLSRoute", "tlsroutes"),
        ("gateway.networking.k8s.io", "v1", "TCPRoute", "tcproutes"),
        ("gateway.networking.k8s.io", "v1", "ReferenceGrant", "referencegrants"),
        ("gateway.networking.k8s.io", "v1", "BackendTLSPolicy", "backendtlspolicies"),
        ("nodemesh.io", "v1alpha1", "AuthorizationPolicy", "authorizationpolicies"),
        ("nodemesh.io", "v1alpha1", "RateLimitPolicy", "ratelimitpolicies"),
        ("nodemesh.io", "v1alpha1", "FaultPolicy", "faultpolicies"),
        ("nodemesh.io", "v1alpha1", "TrafficPolicy", "trafficpolicies"),
        ("nodemesh.io", "v1alpha1", "EgressPolicy", "egresspolicies"),
        ("nodemesh.io", "v1alpha1", "TelemetryPolicy", "telemetrypolicies"),
        ("nodemesh.io", "v1alpha1", "Rollout", "rollouts"),
        ("gateway.networking.x-k8s.io", "v1alpha1", "XBackendTrafficPolicy", "xbackendtrafficpolicies"),
        ("gateway.networking.x-k8s.io", "v1alpha1", "XMesh", "xmeshes"),
    ];

    [Fact(Timeout = 180_000)]
    public async Task An_agent_needs_every_right_that_the_chart_gives_it_and_no_other()
    {
        await using var cluster = await KubernetesNode.CreateAsync();
        var kubeconfig = await File.ReadAllTextAsync(cluster.Kubeconfig);
        await File.WriteAllTextAsync(cluster.Kubeconfig, kubeconfig.Replace("user: test}", $"user: test, namespace: {Mesh}}}", StringComparison.Ordinal));
        var rendered = JsonNode.Parse(await Commands.RunAsync(Products.Cli, "install", "--dry-run", "-o", "json"))!["items"]!.AsArray();
        cluster.Server.Store.Put($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{Mesh}}}"} }""");
        cluster.Server.Store.Put(rendered.Single(item => (string?)item!["kind"] == "DaemonSet")!.AsObject());
        PutKinds(cluster.Server);

        // Something of everything there is to be said: a pod that is captured, conditions of each kind, the Lease held and renewed.
        var client = await cluster.RunAsync("client");
        cluster.Service("web", "10.96.0.80", client);
        await cluster.Node.Agent.StartAsync("--daemonset", $"{Mesh}/nodemesh");
        await Eventually.TrueAsync("an Event", () => Task.FromResult(cluster.EventsOf(client).Count > 0));
        await Eventually.TrueAsync("conditions of each kind", () => Task.FromResult(
            Kinds.All(kind => kind.Kind == "ReferenceGrant" || cluster.Server.Requests.Any(request => request.Is("patch", kind.Plural) && request.Subresource == "status"))), TimeSpan.FromSeconds(30));
        await Eventually.TrueAsync("the Lease is renewed", () => Task.FromResult(cluster.Server.Requests.Any(request => request.Is("update", "leases"))), TimeSpan.FromSeconds(30));
        await cluster.Node.Agent.StopAsync();

        var requests = cluster.Server.Requests;
        var rules = new AccessRules(rendered.OfType<JsonNode>());
        Assert.Empty(rules.Refused(requests));
        Assert.Empty(rules.Unneeded(requests));
    }

    private static void PutKinds(ApiServer server)
    {
        foreach (var (group, version, kind, plural) in Kinds)
        {
            var definition = JsonNode.Parse($$$"""
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{{plural}}}.{{{group}}}"},
                 "spec":{"group":"{{{group}}}","scope":"{{{(kind == "XMesh" ? "Cluster" : "Namespaced")}}}","names":{"kind":"{{{kind}}}","plural":"{{{plural}}}"},
                  "versions":[{"name":"{{{version}}}","served":true,"storage":true,"subresources":{"status":{} } }] } }
                """)!.AsObject();
            server.Store.Put(definition);
            server.Customs.Define(definition);
            var reference = kind.EndsWith("Policy", StringComparison.Ordinal) ? "targetRefs" : "parentRefs";
            server.Store.Put($$$"""
                {"apiVersion":"{{{group}}}/{{{version}}}","kind":"{{{kind}}}","metadata":{"namespace":"default","name":"one"},
                 "spec":{"{{{reference}}}":[{"group":"","kind":"Service","name":"web"}],{{{Spec(kind)}}} } }
                """);
        }
    }

    private static string Spec(string kind) => kind switch
    {
        "AuthorizationPolicy" => "\"action\":\"Allow\"",
        "RateLimitPolicy" => "\"limits\":[{\"name\":\"all\",\"requests\":5,\"per\":\"1s\"}]",
        "FaultPolicy" => "\"abort\":{\"percent\":1,\"httpStatus\":503}",
        "TrafficPolicy" => "\"loadBalancing\":{\"locality\":\"PreferZone\"}",
        "EgressPolicy" => "\"allow\":[]",
        "TelemetryPolicy" => "\"accessLog\":{}",
        "Rollout" => "\"targetRef\":{\"group\":\"gateway.networking.k8s.io\",\"kind\":\"HTTPRoute\",\"name\":\"one\"},"
            + "\"stable\":{\"name\":\"web\",\"port\":80},\"canary\":{\"name\":\"web-2\",\"port\":80},\"steps\":[{\"weight\":50}]",
        "XBackendTrafficPolicy" => "\"retryConstraint\":{\"budget\":{\"percent\":20,\"interval\":\"10s\"}}",
        "BackendTLSPolicy" => "\"validation\":{\"hostname\":\"web.example\",\"caCertificateRefs\":[{\"group\":\"\",\"kind\":\"ConfigMap\",\"name\":\"ca\"}]}",
        "XMesh" => "\"controllerName\":\"nodemesh.io/controller\"",
        _ => "\"rules\":[{\"backendRefs\":[{\"name\":\"web\",\"port\":80}]}]",
    };
}
