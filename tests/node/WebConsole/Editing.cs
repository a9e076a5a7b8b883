using NodeMesh.NodeTests.Kit;
using NodeMesh.NodeTests.Kubernetes;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>The weights of a canary, changed in the browser: first what would change, then the change, in the file or in the API server.</summary>
public sealed class Editing
{
    private const string Yaml = """
        # Who gets how much. Ask the web team.
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: web, namespace: default}
        spec:
          parentRefs:
          - {group: "", kind: Service, name: web, port: 80}
          rules:
          - name: all
            backendRefs:
            - {name: v1, port: 80, weight: 100} # the old one
            - name: v2
              port: 80
              weight: 0

        """;

    private const string Edit = "[data-route='default/web'] .edit";

    // As soon as there is something to be shown, or applied.
    private const string Submit = ".editor .primary:not([disabled])";

    [Fact(Timeout = 180_000)]
    public async Task In_a_file_only_the_weights_change_and_only_as_shown()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf", startAgent: false);
        var resources = shop.Mesh.Resources;
        resources.Pod(shop.Webs[0], app: "v1");
        resources.Pod(shop.Webs[1], app: "v2");
        resources.Service("v1", "v1", [System.Net.IPAddress.Parse("10.96.0.81")], "name: http, port: 80, targetPort: 8080");
        resources.Service("v2", "v2", [System.Net.IPAddress.Parse("10.96.0.82")], "name: http, port: 80, targetPort: 8080");
        resources.Write("route", Yaml);
        await shop.Agent.StartAsync("--console-edit");
        Assert.Equal("web-1", (await shop.CallAsync()).Server!.Pod);
        await using var browser = await Browser.StartAsync(shop.Node);
        await browser.OpenAsync($"{ConsoleShop.Address}#/workload/default/web-2");

        await ShowAsync(browser, 100);
        Assert.Equal(
            ["−     - {name: v1, port: 80, weight: 100} # the old one", "+     - {name: v1, port: 80, weight: 0} # the old one", "−       weight: 0", "+       weight: 100"],
            await browser.EvaluateAsync<string[]>("[...document.querySelectorAll('.diff .removed, .diff .added')].map((line) => line.textContent)"));
        Assert.Equal(Yaml, await File.ReadAllTextAsync($"{resources.Path}/route.yaml"));

        // Somebody else is quicker: nothing of theirs is lost.
        resources.Write("route", Yaml.Replace("Ask the web team.", "Ask nobody.", StringComparison.Ordinal));
        await browser.ClickAsync(Submit);
        await browser.SeesAsync(".editor [role=alert]", "changed since it was shown");
        await browser.ClickAsync(Submit);
        await browser.SeesAsync(".diff .added", "weight: 0");
        await browser.ClickAsync(Submit);
        await Eventually.EqualAsync("it is closed", 0, () => browser.CountAsync(".editor"));
        Assert.Equal(
            Yaml.Replace("Ask the web team.", "Ask nobody.", StringComparison.Ordinal).Replace("weight: 0\n", "weight: 100\n", StringComparison.Ordinal).Replace("weight: 100}", "weight: 0}", StringComparison.Ordinal),
            await File.ReadAllTextAsync($"{resources.Path}/route.yaml"));
        await Eventually.EqualAsync("the new version answers", "web-2", async () => (await shop.CallAsync()).Server!.Pod);
        await browser.SeesAsync("[data-backend='default/v2']", "100 %");

        // Not from elsewhere in the browser, nor without the page's word.
        foreach (var field in new[] { "Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "nodemesh-csrf: guessed" })
        {
            Assert.Equal("403", (await shop.Node.ExecAsync(
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", field, "-H", "content-type: application/json", "-d", "{}", $"{ConsoleShop.Address}api/weights")).Trim());
        }
        Assert.Contains("HTTPRoute default/web rule all has the weights 0, 100 now", shop.Agent.Process.Output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 180_000)]
    public async Task In_the_API_server_the_route_is_patched_as_long_as_it_is_the_version_that_was_shown()
    {
        const int AdminPort = 15121;
        await using var cluster = await KubernetesNode.CreateAsync();
        var routes = new ResourceType("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", HasStatus: true);
        cluster.Server.Store.Serve(routes);
        var client = await cluster.RunAsync("client");
        var old = await cluster.RunAsync("old");
        var young = await cluster.RunAsync("young");
        await old.Pod.ServeAsync();
        await young.Pod.ServeAsync();
        cluster.Service("web", "10.96.0.80", old);
        cluster.Service("v1", "10.96.0.81", old);
        cluster.Service("v2", "10.96.0.82", young);
        PutRoute(100, 0);
        cluster.DeclareAgent(AdminPort, tokenSecret: "console-token");
        cluster.Server.Store.Put($$$"""
            {"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"nodemesh-system","name":"console-token"},"data":{"token":"{{{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(ConsoleShop.Token))}}}"}}
            """);
        var file = $"{cluster.Node.Agent.State}-token";
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, ConsoleShop.Token);
        cluster.Node.Agent.Launch("--admin", $"{cluster.Node.V4(1)}:{AdminPort}", "--console-token", file, "--console-edit");
        await Eventually.EqualAsync("it is captured", "captured", () => Task.FromResult(cluster.StatusOf(client) ?? ""), TimeSpan.FromSeconds(60));

        // Through the API server, with the token that the caller may read there.
        await using var process = ChildProcess.Start(cluster.Node.Inside(Products.Cli, "console", "--no-browser", "--kubeconfig", cluster.Kubeconfig));
        var line = await Eventually.HoldsAsync("it prints the link", () => Task.FromResult(process.Output), text => text.Contains("http://", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
        var link = line[line.IndexOf("http://", StringComparison.Ordinal)..].Split('\n')[0].Trim();
        await using var browser = await Browser.StartAsync(cluster.Node);
        await browser.OpenAsync(link);
        await browser.SeesAsync(".status", "live");
        await browser.EvaluateAsync<bool>("(location.hash = '#/workload/default/young', true)");

        await ShowAsync(browser, 30);
        await browser.SeesAsync(".diff", "weight: 30");
        Assert.Equal((100, 0), Weights());

        PutRoute(90, 10);
        await browser.ClickAsync(Submit);
        await browser.SeesAsync(".editor [role=alert]", "changed");
        Assert.Equal((90, 10), Weights());
        await browser.ClickAsync(Submit);
        await browser.SeesAsync(".diff .removed", "weight: 90");
        await browser.ClickAsync(Submit);
        await Eventually.EqualAsync("it is patched", (70, 30), () => Task.FromResult(Weights()));
        await browser.SeesAsync("[data-backend='default/v2']", "30 %");

        void PutRoute(int first, int second) => cluster.Server.Store.Put($$$"""
            {"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"namespace":"default","name":"web"},
             "spec":{"parentRefs":[{"group":"","kind":"Service","name":"web","port":80}],"rules":[{"name":"all","backendRefs":[{"name":"v1","port":80,"weight":{{{first}}}},{"name":"v2","port":80,"weight":{{{second}}}}]}]}}
            """);

        (int, int) Weights()
        {
            var backends = cluster.Server.Store.Get(routes, "default", "web")!.Open()["spec"]!["rules"]![0]!["backendRefs"]!;
            return ((int)backends[0]!["weight"]!, (int)backends[1]!["weight"]!);
        }
    }

    /// <summary>Asks what would change if the second backend got so much of a hundred.</summary>
    private static async Task ShowAsync(Browser browser, int second)
    {
        await browser.SeesAsync(Edit);
        await browser.ClickAsync(Edit);
        await browser.SeesAsync(".editor [data-edit='default/v2']");
        await browser.EvaluateAsync<bool>("(document.querySelector(\".editor [data-edit='default/v2'] input[type=number]\").select(), document.querySelector(\".editor [data-edit='default/v2'] input[type=number]\").focus(), true)");
        await browser.TypeAsync(second.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await browser.ClickAsync(Submit);
        await browser.SeesAsync(".diff .added");
    }
}
