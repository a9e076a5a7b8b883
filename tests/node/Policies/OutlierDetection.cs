using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Policies;

/// <summary>Endpoints that are spared for their failures, by TrafficPolicy.</summary>
[Collection("ebpf")]
public sealed class OutlierDetection(EbpfMesh mesh) : ResilientService(mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_that_does_worse_than_the_others_is_spared()
    {
        var worse = await NginxAsync("worse", "location / { add_header X-Pod worse always; if ($arg_n ~ [02468]$) { return 500 bad; } return 200 good; }");
        try
        {
            await PolicyAsync("loadBalancing: {algorithm: Random}");
            await Eventually.TrueAsync("it has its share", async () => (await PodsAsync(10)).Contains("worse"));

            await PolicyAsync(
                "loadBalancing: {algorithm: Random}, outlierDetection: {baseEjectionTime: 5m, successRate: {interval: 500ms, minimumEndpoints: 2, minimumRequests: 20, standardDeviations: 0.5}}");
            await Eventually.TrueAsync("it is spared", async () => !(await PodsAsync(80)).Contains("worse"), TimeSpan.FromSeconds(20));
            Assert.Equal(["far-meshed"], (await PodsAsync(80)).Distinct());
        }
        finally
        {
            await RemoveAsync(worse);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Gateway_errors_in_a_row_have_an_endpoint_spared_unless_too_few_are_left()
    {
        var failing = await NginxAsync("failing", "location / { add_header X-Pod failing always; if (-f {home}/gateway) { return 503 bad; } return 500 bad; }");
        try
        {
            await PolicyAsync(Outliers("consecutiveGatewayErrors: 2"));
            await Eventually.TrueAsync("it has its share", async () => (await PodsAsync(6)).Contains("failing"));
            Assert.InRange((await PodsAsync(40)).Count(pod => pod == "failing"), 15, 25); // errors of its own are not counted

            await File.WriteAllTextAsync($"{Mesh.Home("failing")}/gateway", "");
            await Eventually.TrueAsync("it is spared", async () => !(await PodsAsync(6)).Contains("failing"));
            Assert.DoesNotContain("failing", await PodsAsync(40));

            // From here on nothing has it spared anew.
            File.Delete($"{Mesh.Home("failing")}/gateway");
            await PolicyAsync(Outliers("consecutiveGatewayErrors: 2, panicThresholdPercent: 60"));
            await Eventually.TrueAsync("half of them is too few", async () => (await PodsAsync(6)).Contains("failing"));

            await PolicyAsync(Outliers("consecutiveGatewayErrors: 2, panicThresholdPercent: 40"));
            await Eventually.TrueAsync("half of them is enough", async () => !(await PodsAsync(6)).Contains("failing"));
        }
        finally
        {
            await RemoveAsync(failing);
        }

        static string Outliers(string rules) => $"loadBalancing: {{algorithm: RoundRobin}}, outlierDetection: {{baseEjectionTime: 5m, {rules}}}";
    }

    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_on_another_node_that_resets_connections_is_spared()
    {
        // Its node's proxy takes the connection, and finds that the pod does not.
        var closed = await NginxAsync("closed", "return 200;", on: Mesh.Far);
        try
        {
            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}");
            await Eventually.HoldsAsync("it has its turn", () => Mesh.Client().CallAsync("opaque", $"{Web}:90"), result => result.Error == "ConnectionReset");

            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}, outlierDetection: {consecutiveErrors: 2, baseEjectionTime: 5m}");
            await Eventually.TrueAsync("ten in a row go well", async () =>
            {
                for (var turn = 0; turn < 10; turn++)
                {
                    if (!(await Mesh.Client().CallAsync("opaque", $"{Web}:90")).Ok)
                    {
                        return false;
                    }
                }
                return true;
            });
        }
        finally
        {
            await RemoveAsync(closed);
        }
    }
}
