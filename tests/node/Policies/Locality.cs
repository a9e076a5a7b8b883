using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>Which endpoints are near, and when the far ones are taken.</summary>
[Collection("ebpf")]
public sealed class Locality(EbpfMesh mesh) : ResilientService(mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task Requests_stay_on_the_node_or_in_the_zone_and_go_no_farther_than_they_must()
    {
        Mesh.Mesh.Resources.Write("nodes", string.Join("\n---\n", InZone(Mesh.Near.Name, "east"), InZone("next", "east"), InZone(Mesh.Far.Name, "west")));
        var onNode = await NginxAsync("on-node", Says("on-node"));
        var inZone = await NginxAsync("in-zone", Says("in-zone"));
        try
        {
            // Not this node's: its agent lets go of it.
            Mesh.Mesh.Resources.Pod(inZone, enrolled: false, app: "resilient", node: "next");
            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}");
            await GoesToAsync("far-meshed", "in-zone", "on-node");

            await PolicyAsync("loadBalancing: {algorithm: RoundRobin, locality: PreferZone}");
            await GoesToAsync("in-zone", "on-node");

            await PolicyAsync("loadBalancing: {algorithm: RoundRobin, locality: PreferNode}, outlierDetection: {consecutiveErrors: 1, baseEjectionTime: 5m, maxEjectionPercent: 100}");
            await GoesToAsync("on-node");
            await StopNginxAsync(onNode);
            await GoesToAsync("in-zone");
            await StopNginxAsync(inZone);
            await GoesToAsync("far-meshed");
        }
        finally
        {
            Mesh.Mesh.Resources.Delete("nodes");
            await RemoveAsync(onNode);
            await RemoveAsync(inZone);
        }

        async Task GoesToAsync(params string[] pods)
        {
            await Eventually.TrueAsync($"requests go to {string.Join(", ", pods)}", async () => IsTo(await PodsAsync(12), 12, pods));
            Assert.True(IsTo(await PodsAsync(40), 40, pods));
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Near_endpoints_come_first_but_for_the_sessions_of_others()
    {
        var near = await Mesh.AddPodAsync("neighbour");
        try
        {
            await near.ServeAsync();
            Mesh.Mesh.Resources.Pod(near, app: "resilient");
            Mesh.Mesh.Resources.Write("session", """
                {apiVersion: gateway.networking.x-k8s.io/v1alpha1, kind: XBackendTrafficPolicy, metadata: {name: session, namespace: default}, spec: {
                  targetRefs: [{group: "", kind: Service, name: resilient}], sessionPersistence: {sessionName: seat}}}
                """);
            var far = await Eventually.HoldsAsync("a session begins on the other node", () => CallAsync(), result =>
                result.Server?.Pod == "far-meshed" && result.Headers!.GetValueOrDefault("set-cookie")?.StartsWith("seat=", StringComparison.Ordinal) == true);
            var cookie = far.Headers!["set-cookie"].Split(';')[0];

            await PolicyAsync("loadBalancing: {algorithm: RoundRobin, locality: PreferNode}");
            await Eventually.TrueAsync("the neighbour has everything", async () => (await PodsAsync(10)).All(pod => pod == "neighbour"));
            Assert.Equal(["neighbour"], (await PodsAsync(40)).Distinct());

            for (var turn = 0; turn < 10; turn++)
            {
                var result = await Mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = Http, Headers = [$"Cookie: a=b; {cookie}"] });
                Assert.Equal(("far-meshed", false), (result.Server?.Pod, result.Headers!.ContainsKey("set-cookie")));
            }
        }
        finally
        {
            Mesh.Mesh.Resources.Delete("session");
            await RemoveAsync(near);
        }
    }

    // None of them failed.
    private static bool IsTo(List<string> answers, int count, string[] pods) => answers.Count == count && answers.Distinct().Order().SequenceEqual(pods);

    private static string Says(string name) => $"location / {{ add_header X-Pod {name}; return 200 \"\"; }}";

    private static string InZone(string node, string zone) => $$"""
        {apiVersion: v1, kind: Node, metadata: {name: {{node}}, labels: {topology.kubernetes.io/zone: {{zone}} } } }
        """;
}
