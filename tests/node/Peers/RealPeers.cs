using System.Net.Sockets;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Peers;

/// <summary>Programs that everybody runs, as clients and servers in meshed pods.</summary>
public abstract class RealPeers(SharedMesh mesh)
{
    private string Http => Traffic.Target(mesh.Server(), AddressFamily.InterNetwork, "http");

    [Theory(Timeout = 60_000)]
    [InlineData("http", "--http1.1")]
    [InlineData("h2c", "--http2-prior-knowledge")]
    public async Task Curl_uploads_and_downloads(string protocol, string version)
    {
        var url = $"http://{Traffic.Target(mesh.Server(), AddressFamily.InterNetworkV6, protocol)}/";
        await mesh.Client().ExecAsync("sh", "-c", $"head -c 10000000 /dev/zero | curl -sS --fail -g {version} -T - -X POST '{url}' | grep '\"bytes\":10000000'");
        var size = await mesh.Client().ExecAsync("sh", "-c", $"curl -sS --fail -g {version} '{url}?size=10000000' | wc -c");

        Assert.Equal("10000000", size.Trim());
    }

    [Fact(Timeout = 60_000)]
    public async Task Wrk_sees_no_error()
    {
        var report = await mesh.Client().ExecAsync("wrk", "-t1", "-c32", "-d2s", $"http://{Http}/?size=64");

        Assert.DoesNotContain("Socket errors", report, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", report, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task H2load_gets_every_answer()
    {
        var report = await mesh.Client().ExecAsync(
            "h2load", "-n2000", "-c8", "-m10", $"http://{Traffic.Target(mesh.Server(), AddressFamily.InterNetwork, "h2c")}/?size=64");

        Assert.Contains("2000 succeeded, 0 failed, 0 errored, 0 timeout", report, StringComparison.Ordinal);
        Assert.Contains("2000 2xx", report, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Nginx_serves_and_logs_the_clients_true_address()
    {
        var pod = await mesh.AddPodAsync("nginx");
        await mesh.StartNginxAsync(pod, 80, """location / { return 200 "$remote_addr $host $server_protocol $http_connection"; }""");
        var client = mesh.Client();

        Assert.StartsWith($"{client.V4} shop.example HTTP/1.1", await client.ExecAsync("curl", "-sS", "-H", "Host: shop.example", $"http://{pod.V4}/"), StringComparison.Ordinal);
        Assert.StartsWith($"{client.V6} ", await client.ExecAsync("curl", "-sSg", $"http://[{pod.V6}]/"), StringComparison.Ordinal);
        var far = mesh.Server(isNear: false);
        Assert.StartsWith($"{far.V4} ", await far.ExecAsync("curl", "-sS", $"http://{pod.V4}/"), StringComparison.Ordinal);
        Assert.DoesNotContain("Socket errors", await client.ExecAsync("wrk", "-t1", "-c16", "-d1s", $"http://{pod.V4}/"), StringComparison.Ordinal);
        await mesh.RemovePodAsync(pod);
    }

    [Fact(Timeout = 60_000)]
    public async Task Redis_works()
    {
        var pod = await mesh.AddPodAsync("redis");
        await pod.StartAsync(6379, "redis-server", "--save", "", "--protected-mode", "no", "--bind", "* -::*");
        var client = mesh.Client();

        Assert.Equal("OK", (await client.ExecAsync("redis-cli", "-h", pod.V4.ToString(), "set", "key", "value")).Trim());
        Assert.Equal("value", (await client.ExecAsync("redis-cli", "-h", pod.V6.ToString(), "get", "key")).Trim());
        var report = await client.ExecAsync("sh", "-c", $"seq 1 20000 | sed 's/.*/SET k& v&/' | redis-cli -h {pod.V4} --pipe");
        Assert.Contains("errors: 0, replies: 20000", report, StringComparison.Ordinal);
        await mesh.RemovePodAsync(pod);
    }

    [Fact(Timeout = 90_000)]
    public async Task PostgreSQL_works()
    {
        var programs = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => $"{version}/bin").FirstOrDefault() : null;
        Assert.SkipUnless(programs is not null, "PostgreSQL is not installed (Debian package postgresql)");
        var pod = await mesh.AddPodAsync("postgres");
        var home = $"{TestRun.Directory}/{mesh.Mesh.Name}/postgres";
        Directory.CreateDirectory(home);
        await Commands.RunAsync("chown", "nobody", home);
        string[] asNobody = ["setpriv", "--reuid=nobody", "--clear-groups"];
        await Commands.RunAsync([.. asNobody, $"{programs}/initdb", "-D", $"{home}/data", "-U", "mesh", "--auth=trust", "--no-sync"]);
        await File.AppendAllTextAsync($"{home}/data/pg_hba.conf", "host all all all trust\n");
        await pod.StartAsync(5432, [.. asNobody, $"{programs}/postgres", "-D", $"{home}/data", "-h", "*", "-k", home, "-F"]);

        // psql asks for TLS first, and the server declines with one byte: neither HTTP nor TLS.
        var rows = await mesh.Client().ExecAsync(
            "psql", "-h", pod.V4.ToString(), "-U", "mesh", "-d", "postgres", "-At",
            "-c", "create table t as select generate_series(1, 100000) n",
            "-c", "select count(*), sum(n) from t",
            "-c", "select inet_client_addr()");

        Assert.Equal(["SELECT 100000", "100000|5000050000", mesh.Client().V4.ToString()], rows.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await mesh.RemovePodAsync(pod);
    }
}

[Collection("ebpf")]
public sealed class EbpfRealPeers(EbpfMesh mesh) : RealPeers(mesh);

[Collection("iptables")]
public sealed class IptablesRealPeers(IptablesMesh mesh) : RealPeers(mesh);
