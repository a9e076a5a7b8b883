using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>A real Chromium, without a screen, on a test's machine; one page of it.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static int _count;

    private readonly ChildProcess _process;
    private readonly DevTools _tools = new();
    private readonly string _directory;
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly ConcurrentQueue<string> _requests = new();

    private Browser(TestNode node)
    {
        _directory = $"{TestRun.Directory}/browser-{Interlocked.Increment(ref _count)}";
        // Root has no sandbox, and a namespace of the test's own has no other site.
        _process = ChildProcess.Start(node.Inside(
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking",
            "--disable-component-update", "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-port=0", $"--user-data-dir={_directory}", "about:blank"));
        _tools.Happened += Hear;
    }

    /// <summary>What the page wrote to its console as an error, what it threw, and what its policy forbade.</summary>
    public IReadOnlyCollection<string> Problems => _problems;

    /// <summary>Every address it asked for.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    public static async Task<Browser> StartAsync(TestNode node, int width = 1280, int height = 760)
    {
        var browser = new Browser(node);
        try
        {
            await browser.ConnectAsync(node, width, height);
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    public Task OpenAsync(string address) => _tools.CallAsync("Page.navigate", new JsonObject { ["url"] = address });

    /// <summary>The value of an expression of the page.</summary>
    public async Task<T> EvaluateAsync<T>(string expression)
    {
        var said = await _tools.CallAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        return said["exceptionDetails"] is { } failure
            ? throw new InvalidOperationException($"{expression}: {failure["exception"]?["description"] ?? failure["text"]}")
            : said["result"]!["value"].Deserialize<T>()!;
    }

    /// <summary>The text that is seen of the first element; empty: there is none.</summary>
    public Task<string> TextAsync(string selector) => EvaluateAsync<string>($"document.querySelector({JsonSerializer.Serialize(selector)})?.innerText ?? ''");

    public Task<int> CountAsync(string selector) => EvaluateAsync<int>($"document.querySelectorAll({JsonSerializer.Serialize(selector)}).length");

    public Task<string> AttributeAsync(string selector, string name) =>
        EvaluateAsync<string>($"document.querySelector({JsonSerializer.Serialize(selector)})?.getAttribute({JsonSerializer.Serialize(name)}) ?? ''");

    /// <summary>Waits until the page shows it.</summary>
    public Task SeesAsync(string selector, string text = "") => Eventually.TrueAsync(
        $"the page shows {selector} with '{text}'", async () => await CountAsync(selector) > 0 && (await TextAsync(selector)).Contains(text, StringComparison.Ordinal), TimeSpan.FromSeconds(20));

    public async Task ClickAsync(string selector)
    {
        await SeesAsync(selector);
        await EvaluateAsync<bool>($"(document.querySelector({JsonSerializer.Serialize(selector)}).dispatchEvent(new MouseEvent('click', {{bubbles: true, cancelable: true}})), true)");
    }

    /// <summary>Presses a key, as it is called in the browser: "Enter", "ArrowRight", "p".</summary>
    public async Task PressAsync(string key)
    {
        var code = key switch { "Enter" => 13, "Escape" => 27, "Tab" => 9, "ArrowLeft" => 37, "ArrowUp" => 38, "ArrowRight" => 39, "ArrowDown" => 40, _ => char.ToUpperInvariant(key[0]) };
        foreach (var type in new[] { "keyDown", "keyUp" })
        {
            var press = new JsonObject { ["type"] = type, ["key"] = key, ["windowsVirtualKeyCode"] = code };
            if (type == "keyDown" && (key.Length == 1 || key == "Enter"))
            {
                press["text"] = key == "Enter" ? "\r" : key;
            }
            await _tools.CallAsync("Input.dispatchKeyEvent", press);
        }
    }

    /// <summary>Types into the element that has the focus.</summary>
    public Task TypeAsync(string text) => _tools.CallAsync("Input.insertText", new JsonObject { ["text"] = text });

    public Task PreferAsync(bool dark) => _tools.CallAsync("Emulation.setEmulatedMedia", new JsonObject
    {
        ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }),
    });

    /// <summary>A script that runs in each page before its own do.</summary>
    public Task BeforeScriptsAsync(string script) => _tools.CallAsync("Page.addScriptToEvaluateOnNewDocument", new JsonObject { ["source"] = script });

    public async Task ShootAsync(string path)
    {
        var picture = await _tools.CallAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png" });
        await File.WriteAllBytesAsync(path, Convert.FromBase64String((string)picture["data"]!));
    }

    public Task<JsonNode> CallAsync(string method, JsonObject? parameters = null) => _tools.CallAsync(method, parameters);

    public async ValueTask DisposeAsync()
    {
        await _tools.DisposeAsync();
        _process.Signal(15);
        try
        {
            await _process.WaitForExitAsync(TimeSpan.FromSeconds(10));
        }
        catch (TimeoutException)
        {
            // Killed below; its children end with it.
        }
        await _process.DisposeAsync();
        await Eventually.TrueAsync("the browser's files are removed", () => Task.FromResult(TryDelete(_directory)));
    }

    private async Task ConnectAsync(TestNode node, int width, int height)
    {
        const string Ready = "DevTools listening on ws://";
        await Eventually.TrueAsync(
            "the browser is there",
            () => _process.HasExited ? throw new InvalidOperationException(_process.Tail()) : Task.FromResult(_process.Output.Contains(Ready, StringComparison.Ordinal)),
            TimeSpan.FromSeconds(30));
        var address = _process.Output[(_process.Output.IndexOf(Ready, StringComparison.Ordinal) + Ready.Length)..].Split('/')[0];
        using var http = new HttpClient(DevTools.Inside(node.Netns));
        var pages = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://{address}/json/list")))!.AsArray();
        var page = pages.First(one => (string?)one!["type"] == "page")!;
        await _tools.ConnectAsync(node.Netns, new Uri((string)page["webSocketDebuggerUrl"]!));
        foreach (var domain in new[] { "Page", "Runtime", "Log", "Network" })
        {
            await _tools.CallAsync($"{domain}.enable");
        }
        await _tools.CallAsync("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
    }

    private void Hear(string method, JsonNode said)
    {
        switch (method)
        {
            case "Runtime.exceptionThrown":
                _problems.Enqueue(said["exceptionDetails"]!["exception"]?["description"]?.ToString() ?? said.ToJsonString());
                break;
            case "Log.entryAdded" when (string?)said["entry"]!["level"] == "error":
                _problems.Enqueue($"{said["entry"]!["text"]} {said["entry"]!["url"]}");
                break;
            case "Network.requestWillBeSent":
                _requests.Enqueue((string)said["request"]!["url"]!);
                break;
        }
    }

    private static bool TryDelete(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false; // a child of it still writes
        }
    }
}
