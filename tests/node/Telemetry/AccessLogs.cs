using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Telemetry;

/// <summary>Access logs of real pods: one machine, a client and two servers behind a Service, files in a directory that the proxy has for them.</summary>
[Collection("logging")]
public sealed class AccessLogs(LoggingShop logging) : IDisposable
{
    private readonly SmallShop _shop = logging.Shop;

    private string Directory => logging.Directory;

    public void Dispose()
    {
        _shop.Mesh.Resources.Delete("telemetry");
        _shop.Mesh.Resources.Delete("deny");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_request_is_one_line_of_JSON_with_everything_that_is_known_of_it()
    {
        await ApplyAsync("accessLog: {file: a.log, requestHeaders: [X-Tenant, x-none], responseHeaders: [x-pod]}");
        var answer = await _shop.Client.CallAsync(new CallRequest
        {
            Kind = "http", Target = SmallShop.Web, Method = "POST", Path = "/cart/7?token=secret&size=1234", Host = "web.shop", BodySize = 321, Headers = ["X-Request-Id: r-1", "X-Tenant: \"blue\""],
        });
        Assert.True(answer.Ok, answer.Error);

        var line = await LineAsync("a.log", entry => (string?)entry["path"] == "/cart/7");

        Assert.Equal(("POST", "web.shop", "r-1"), ((string?)line["method"], (string?)line["authority"], (string?)line["request_id"]));
        Assert.Equal((200, 1, 321, 1234), ((int)line["status"]!, (int)line["attempts"]!, (int)line["bytes_received"]!, (int)line["bytes_sent"]!));
        Assert.Equal(("local", "http1", "default/web"), ((string?)line["direction"], (string?)line["protocol"], (string?)line["service"]));
        Assert.Equal(("default", "client", "client"), ((string?)line["source_namespace"], (string?)line["source_workload"], (string?)line["source_pod"]));
        var server = _shop.Webs.Single(pod => pod.Name == answer.Headers!["x-pod"]);
        Assert.Equal((server.Name, $"{server.V4}:8080", SmallShop.Web), ((string?)line["destination_pod"], (string?)line["endpoint"], (string?)line["destination_address"]));
        Assert.StartsWith($"{_shop.Client.V4}:", (string?)line["source_address"], StringComparison.Ordinal);
        Assert.True((double)line["time_to_first_byte"]! > 0 && (double)line["duration"]! >= (double)line["time_to_first_byte"]!, line.ToJsonString());
        Assert.True(DateTimeOffset.UtcNow - (DateTimeOffset)line["start_time"]! < TimeSpan.FromMinutes(2), line.ToJsonString());
        Assert.Null(line["nodemesh_error"]);
        Assert.Equal($$"""{"x-tenant":"\u0022blue\u0022","x-none":null} {"x-pod":"{{server.Name}}"}""", $"{line["request_headers"]!.ToJsonString()} {line["response_headers"]!.ToJsonString()}");
        Assert.DoesNotContain("secret", await File.ReadAllTextAsync($"{Directory}/a.log"), StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Text_is_written_as_the_format_says_what_the_filter_leaves_out_is_not_and_the_file_may_be_rotated()
    {
        await ApplyAsync("accessLog: {file: b.log, format: '%SOURCE_POD% \"%METHOD% %PATH%\" %STATUS% %NODEMESH_ERROR%', filter: {statuses: [404, 5xx]}}");
        await CallAsync("/good");
        await CallAsync("/missing?status=404");
        await CallAsync("/broken?status=503");
        await Eventually.EqualAsync("two lines", "client \"GET /missing\" 404 -\nclient \"GET /broken\" 503 -\n", () => ReadAsync("b.log"));

        File.Move($"{Directory}/b.log", $"{Directory}/b.log.1");
        await CallAsync("/again?status=500");
        await Eventually.EqualAsync("a new file", "client \"GET /again\" 500 -\n", () => ReadAsync("b.log"));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_file_that_is_full_makes_way_and_the_last_lines_are_in_it_and_the_older_one()
    {
        await ApplyAsync("accessLog: {file: f.log, maxFileSize: 8Ki, format: '%PATH% %START_TIME% %SOURCE_ADDRESS% %DESTINATION_ADDRESS% %SERVICE%'}");
        await _shop.Client.ExecAsync("curl", "-sS", "-o", "/dev/null", $"http://{SmallShop.Web}/[1-300]");
        var last = await Eventually.HoldsAsync("the last line", () => ReadAsync("f.log"), text => text.Contains("/300 ", StringComparison.Ordinal));
        var older = await ReadAsync("f.log.1");

        Assert.True(last.Length <= 8192 && older.Length <= 8192, $"{last.Length}, {older.Length}");
        var lines = (older + last).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(lines.Length, 50, 250);
        Assert.Equal(Enumerable.Range(301 - lines.Length, lines.Length).Select(number => $"/{number}"), lines.Select(line => line.Split(' ')[0]));
    }

    [Fact(Timeout = 120_000)]
    public async Task No_request_can_make_a_second_line_or_leave_its_quotes()
    {
        await ApplyAsync("accessLog: {file: c.log, format: '\"%PATH%\" \"%USER_AGENT%\" \"%REQ(x-any)%\"'}");
        // What HTTP itself has no room for never gets here; what gets here is bytes of any kind.
        await RawAsync("GET /%0a\u001b[2J\"forged HTTP/1.1\r\nHost: a\r\nUser-Agent: x\"\ty\u0085z\r\nX-Any: a\"\t\u0085\" b\r\nConnection: close\r\n\r\n");
        await RawAsync("GET /ok HTTP/1.1\r\nHost: a\r\nUser-Agent: last\r\nConnection: close\r\n\r\n");

        var text = await Eventually.HoldsAsync("both lines", () => ReadAsync("c.log"), text => text.Contains("last", StringComparison.Ordinal));

        Assert.Equal("\"/ok\" \"last\" \"-\"", text.TrimEnd('\n').Split('\n')[^1]);
        Assert.All(text.TrimEnd('\n').Split('\n'), line => Assert.Matches("^\"([^\"\\\\]|\\\\.)*\" \"([^\"\\\\]|\\\\.)*\" \"([^\"\\\\]|\\\\.)*\"$", line));
        Assert.DoesNotContain(text, character => char.IsControl(character) && character != '\n');
    }

    [Fact(Timeout = 120_000)]
    public async Task A_connection_that_is_no_HTTP_is_a_line_when_it_is_over()
    {
        await ApplyAsync("accessLog: {file: d.log}");
        var answer = await _shop.Client.CallAsync(new CallRequest { Kind = "opaque", Target = "10.96.0.80:90", Text = "hello" });
        Assert.True(answer.Ok, answer.Error);

        var line = await LineAsync("d.log", entry => (string?)entry["protocol"] == "opaque");

        Assert.Equal(("client", answer.Server!.Pod, "default/web", "10.96.0.80:90"), ((string?)line["source_pod"], (string?)line["destination_pod"], (string?)line["service"], (string?)line["destination_address"]));
        Assert.True((long)line["bytes_received"]! > 0 && (long)line["bytes_sent"]! > 0, line.ToJsonString());
        Assert.Null(line["method"]);
        Assert.Null(line["status"]);
    }

    [Fact(Timeout = 120_000)]
    public async Task What_a_policy_refuses_is_logged_with_the_policy()
    {
        await ApplyAsync("accessLog: {file: e.log, filter: {errorsOnly: true}}");
        _shop.Mesh.Resources.Write("deny", """
            {apiVersion: nodemesh.io/v1alpha1, kind: AuthorizationPolicy, metadata: {name: no-orders, namespace: default},
             spec: {targetRefs: [{kind: Service, name: web}], action: Deny, rules: [{to: [{paths: [{value: /orders}]}]}, {to: [{ports: [9000]}]}]}}
            """);
        await Eventually.EqualAsync("it is denied", 403, async () => (await CallAsync("/orders")).Status);
        await CallAsync("/other");
        Assert.False((await _shop.Client.CallAsync("opaque", "10.96.0.80:90")).Ok);

        var request = await LineAsync("e.log", entry => (string?)entry["path"] == "/orders" && (int)entry["status"]! == 403);
        var connection = await LineAsync("e.log", entry => (string?)entry["protocol"] == "opaque");
        foreach (var line in new[] { request, connection })
        {
            Assert.Equal(("denied", "AuthorizationPolicy/default/no-orders"), ((string?)line["nodemesh_error"], (string?)line["policy"]));
        }
        Assert.DoesNotContain("/other", await ReadAsync("e.log"), StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_a_file_lines_go_to_stdout_and_without_a_policy_there_are_none()
    {
        await CallAsync("/before");
        await ApplyAsync("accessLog: {format: 'logged %PATH%'}");
        await CallAsync("/while");
        await Eventually.TrueAsync("a line on stdout", () => Task.FromResult(_shop.Agent.Process.Output.Contains("logged /while", StringComparison.Ordinal)));
        _shop.Mesh.Resources.Delete("telemetry");
        await _shop.Agent.ReadyAsync();
        await Eventually.TrueAsync("it is off", async () => !(await _shop.Agent.GetAsync("/config")).Contains("logged", StringComparison.Ordinal));
        await _shop.Agent.ReadyAsync();
        await CallAsync("/after");
        await CallAsync("/after");

        Assert.DoesNotContain("logged /before", _shop.Agent.Process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("logged /after", _shop.Agent.Process.Output, StringComparison.Ordinal);
        Assert.Equal(1, (await _shop.Agent.ScrapeAsync()).Sum("nodemesh_access_log_lines_total", ("sink", "stdout")));
    }

    [Fact(Timeout = 180_000)]
    public async Task A_pipe_that_nobody_reads_costs_lines_which_are_counted_and_no_request_waits()
    {
        await Commands.RunAsync("mkfifo", "-m", "0666", $"{Directory}/pipe");
        await ApplyAsync("accessLog: {file: pipe}");

        // More than may queue up, however fast this machine is today.
        for (var dropped = 0d; dropped == 0; dropped = (await _shop.Agent.ScrapeAsync()).Sum("nodemesh_access_log_dropped_total", ("sink", "file"), ("reason", "full")))
        {
            SmallShop.AssertNoFailure(await _shop.LoadAsync(2_000), _shop.Agent.Process);
        }

        // Somebody reads again: what had queued up comes, and new lines too.
        using var reader = new FileStream($"{Directory}/pipe", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var lines = new StreamReader(reader);
        Assert.NotNull(JsonNode.Parse((await lines.ReadLineAsync())!)!["start_time"]);
    }

    private Task<CallResult> CallAsync(string path) => _shop.Client.CallAsync(new CallRequest { Kind = "http", Target = SmallShop.Web, Path = path });

    private async Task RawAsync(string request) => await _shop.Client.ExecAsync(
        "python3", "-c", "import socket,sys;s=socket.create_connection(('10.96.0.80',80));s.sendall(sys.argv[1].encode('latin-1'));print(s.recv(65536))", request);

    private async Task ApplyAsync(string spec)
    {
        _shop.Mesh.Resources.Write("telemetry", $$"""
            {apiVersion: nodemesh.io/v1alpha1, kind: TelemetryPolicy, metadata: {name: t, namespace: default}, spec: {targetRefs: [{kind: Service, name: web}], {{spec}} } }
            """);
        var named = spec.Contains("file: ", StringComparison.Ordinal) ? $"\"{spec.Split("file: ")[1].Split(',', '}')[0]}\"" : "logged %PATH%";
        await Eventually.TrueAsync("the policy is compiled", async () => (await _shop.Agent.GetAsync("/config")).Contains(named, StringComparison.Ordinal));
        await _shop.Agent.ReadyAsync();
    }

    private async Task<string> ReadAsync(string file) => File.Exists($"{Directory}/{file}") ? await File.ReadAllTextAsync($"{Directory}/{file}") : "";

    private async Task<JsonObject> LineAsync(string file, Func<JsonObject, bool> which)
    {
        var found = await Eventually.HoldsAsync(
            "the line is written", async () => (await ReadAsync(file)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject()).Where(which).ToList(), lines => lines.Count > 0);
        return Assert.Single(found);
    }
}
