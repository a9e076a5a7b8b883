using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Monitoring;

/// <summary>A Prometheus on a test's machine, which scrapes the agent there each second and evaluates the rules that are shipped.</summary>
public sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly IPEndPoint Address = new(IPAddress.Loopback, 9090);

    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private PrometheusServer(TestNode node, string directory)
    {
        _process = ChildProcess.Start(node.Inside(
            "prometheus", $"--config.file={directory}/prometheus.yml", $"--storage.tsdb.path={directory}/data", $"--web.listen-address={Address}", "--log.level=warn"));
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = NetnsSocket.Create(node.Netns);
                await socket.ConnectAsync(Address, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri($"http://{Address}"), Timeout = TimeSpan.FromSeconds(10) };
    }

    public static async Task<PrometheusServer> StartAsync(TestNode node)
    {
        var directory = $"{node.Agent.State}-prometheus";
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync($"{directory}/prometheus.yml", $$"""
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: [{{Products.Repository}}/installer/prometheus/rules.yaml]
            scrape_configs:
            - job_name: nodemesh
              static_configs: [{targets: ["127.0.0.1:15020"]}]
            """);
        var server = new PrometheusServer(node, directory);
        await Eventually.TrueAsync("Prometheus has scraped the agent", async () => await server.TryQueryAsync("up") is [{ Value: 1 }], TimeSpan.FromSeconds(30));
        return server;
    }

    /// <summary>An instant query.</summary>
    /// <exception cref="InvalidOperationException">Prometheus does not take it: says why.</exception>
    public async Task<IReadOnlyList<Sample>> QueryAsync(string expression)
    {
        using var response = await _http.GetAsync(new Uri($"/api/v1/query?query={Uri.EscapeDataString(expression)}", UriKind.Relative));
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        if (answer.RootElement.GetProperty("status").GetString() != "success")
        {
            throw new InvalidOperationException($"{expression}: {answer.RootElement.GetProperty("error").GetString()}");
        }
        return [.. answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => new Sample(
            "",
            series.GetProperty("metric").EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!),
            double.Parse(series.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture)))];
    }

    /// <summary>Each rule by name: whether it could be evaluated (ok), and how the alert stands (inactive, pending, firing; empty: a recording rule).</summary>
    public async Task<IReadOnlyDictionary<string, (string Health, string State)>> RulesAsync()
    {
        using var answer = JsonDocument.Parse(await _http.GetStringAsync(new Uri("/api/v1/rules", UriKind.Relative)));
        return answer.RootElement.GetProperty("data").GetProperty("groups").EnumerateArray()
            .SelectMany(group => group.GetProperty("rules").EnumerateArray())
            .ToDictionary(
                rule => rule.GetProperty("name").GetString()!,
                rule => (rule.GetProperty("health").GetString()!, rule.TryGetProperty("state", out var state) ? state.GetString()! : ""));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private async Task<IReadOnlyList<Sample>> TryQueryAsync(string expression)
    {
        if (_process.HasExited)
        {
            throw new InvalidOperationException($"Prometheus ended with {_process.ExitCode}:\n{_process.Tail()}");
        }
        try
        {
            return await QueryAsync(expression);
        }
        catch (HttpRequestException)
        {
            return []; // it does not listen yet
        }
        catch (JsonException)
        {
            return []; // "Service Unavailable" while it reads its log
        }
    }
}
