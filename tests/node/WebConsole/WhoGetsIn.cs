using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>Who sees the console: this machine's users, and who has the token; no other site's page.</summary>
[Collection("console")]
public sealed class WhoGetsIn(ConsoleShop console)
{
    private readonly SmallShop _shop = console.Shop;

    private string FromElsewhere => $"http://{_shop.Node.V4(1)}:15020/console/";

    [Fact(Timeout = 60_000)]
    public async Task This_machine_and_whoever_has_the_token()
    {
        Assert.Equal("200", await OnNodeAsync($"{ConsoleShop.Address}api/pods"));
        Assert.Equal("401", await FromPodAsync($"{FromElsewhere}api/pods"));
        Assert.Equal("401", await FromPodAsync($"{FromElsewhere}api/pods", "-H", "Authorization: Bearer something-else-that-is-long"));
        Assert.Equal("200", await FromPodAsync($"{FromElsewhere}api/pods", "-H", $"Authorization: Bearer {ConsoleShop.Token}"));
        Assert.Equal("200", await FromPodAsync($"{FromElsewhere}api/pods", "-H", $"nodemesh-console-token: {ConsoleShop.Token}"));
        // What a proxy on this machine passes on is not asked from this machine.
        Assert.Equal("401", await OnNodeAsync($"{ConsoleShop.Address}api/pods", "-H", "X-Forwarded-For: 192.0.2.1"));
        // The page itself says nothing of the mesh.
        Assert.Equal("200", await FromPodAsync(FromElsewhere));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("Host: evil.example", "401")]
    [InlineData("Sec-Fetch-Site: cross-site", "403")]
    [InlineData("Sec-Fetch-Site: same-site", "403")]
    [InlineData("Origin: http://evil.example", "403")]
    public async Task No_page_of_another_site(string field, string status)
    {
        foreach (var what in new[] { "metrics", "config", "tap", "session" })
        {
            Assert.Equal(status, await OnNodeAsync($"{ConsoleShop.Address}api/{what}", "-H", field));
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Nothing_of_another_origin_may_run_in_it_and_it_stands_in_no_frame()
    {
        var head = await _shop.Node.ExecAsync("curl", "-si", ConsoleShop.Address);
        foreach (var field in new[] { "default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer" })
        {
            Assert.Contains(field, head, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("unsafe", head, StringComparison.Ordinal);
        Assert.Equal("302", await OnNodeAsync(ConsoleShop.Address.TrimEnd('/')));
        Assert.Equal("404", await OnNodeAsync($"{ConsoleShop.Address}..%2f..%2fetc/passwd"));
    }

    [Fact(Timeout = 120_000)]
    public async Task From_elsewhere_a_browser_asks_for_the_token_and_keeps_a_cookie_that_no_script_can_read()
    {
        await using var browser = await Browser.StartAsync(_shop.Node);
        // A name, as an operator would type it: here, too, the token is needed, although it is asked from this machine.
        await browser.OpenAsync("http://console.localhost:15020/console/");
        await browser.SeesAsync(".login", "The console's token is needed");
        await browser.EvaluateAsync<bool>("(document.querySelector('.login input').focus(), true)");
        await browser.TypeAsync("not-the-token-but-long-enough");
        await browser.PressAsync("Enter");
        await browser.SeesAsync(".login [role=alert]", "not the console's token");
        await browser.EvaluateAsync<bool>("(document.querySelector('.login input').select(), true)");
        await browser.TypeAsync(ConsoleShop.Token);
        await browser.PressAsync("Enter");
        await browser.SeesAsync("[data-summary]", "workloads");
        Assert.Equal("", await browser.EvaluateAsync<string>("document.cookie"));

        await browser.OpenAsync("http://console.localhost:15020/console/?again");
        await browser.SeesAsync("[data-summary]", "workloads");
        await browser.EvaluateAsync<bool>("([...document.querySelectorAll('button')].find((button) => button.innerText === 'Log out').click(), true)");
        await browser.SeesAsync(".login", "The console's token is needed");
    }

    [Fact(Timeout = 120_000)]
    public async Task Nodemesh_console_opens_it_by_a_link_that_works_once()
    {
        await using var process = ChildProcess.Start(_shop.Node.Inside(Products.Cli, "console", "--admin", $"{_shop.Node.V4(1)}:15020", "--token-file", console.TokenFile, "--no-browser"));
        var line = await Eventually.HoldsAsync("it prints the link", () => Task.FromResult(process.Output), text => text.Contains("http://", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
        var link = line[line.IndexOf("http://", StringComparison.Ordinal)..].Split('\n')[0].Trim();
        var root = new Uri(new Uri(link), "/console/").ToString();
        Assert.StartsWith("http://127.0.0.1:", link, StringComparison.Ordinal);
        Assert.Equal("403", await OnNodeAsync(root));

        await using var browser = await Browser.StartAsync(_shop.Node);
        await browser.OpenAsync(link);
        await browser.SeesAsync("[data-summary]", "workloads");
        Assert.Equal(root, await browser.EvaluateAsync<string>("location.href.split('#')[0]"));
        Assert.Equal("403", await OnNodeAsync(link));
        Assert.Equal("403", await OnNodeAsync($"{root}api/pods", "-H", "Cookie: nodemesh-console=x"));
        // Nothing but the console.
        Assert.Equal("404", await browser.EvaluateAsync<string>("fetch('/console/api/nothing').then((answer) => '' + answer.status)"));
        Assert.Contains("html", await browser.EvaluateAsync<string>("fetch('/metrics').then((answer) => answer.headers.get('content-type'))"), StringComparison.Ordinal);
        Assert.DoesNotContain(browser.Problems, problem => !problem.Contains("404", StringComparison.Ordinal));
        await process.KillAsync(); // who started the tests may have had SIGINT ignored
    }

    private async Task<string> OnNodeAsync(string address, params string[] more) =>
        (await Commands.TryAsync(_shop.Node.Inside(["curl", "-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", .. more, address]))).StandardOutput.Trim();

    private async Task<string> FromPodAsync(string address, params string[] more) =>
        (await _shop.Client.ExecAsync(["curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", .. more, address])).Trim();
}
