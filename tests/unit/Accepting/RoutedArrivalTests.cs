using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using NodeMesh.Contract;
using NodeMesh.UnitTests.Forwarding;
using Xunit;

namespace NodeMesh.UnitTests.Accepting;

/// <summary>Connections that are routed as a whole.</summary>
public sealed class RoutedArrivalTests : IDisposable
{
    private const string ClusterIp = "10.96.0.1";

    private readonly LoopbackServer _one = new();
    private readonly LoopbackServer _two = new();
    private readonly LoopbackProxy _proxy = new(IPEndPoint.Parse($"{ClusterIp}:443"));

    public void Dispose()
    {
        _proxy.Dispose();
        _one.Dispose();
        _two.Dispose();
    }

    [Fact(Timeout = 15_000)]
    public async Task A_TCPRoute_sends_connections_to_its_backend_without_looking_at_them()
    {
        Declare(Protocol.Unspecified, RouteKind.TcpRoute, (new RouteMatch(), "two"));
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\n\r\n");
        using var server = await _two.AcceptAsync();

        Assert.Equal("GET / HTTP/1.1\r\n\r\n", await server.ReadAsync(18));
        Assert.Empty(_proxy.Http);
        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_tcp_connections_opened_total", "route=\"shop/r\"", "protocol=\"opaque\""));
    }

    [Theory(Timeout = 15_000)]
    [InlineData(Protocol.Tls, "one.example", true)]
    [InlineData(Protocol.Tls, "any.example", false)]
    [InlineData(Protocol.Unspecified, "one.example", true)]
    [InlineData(Protocol.Unspecified, "any.example", false)]
    public async Task A_TLSRoute_goes_by_the_server_name(Protocol declared, string name, bool toOne)
    {
        Declare(declared, RouteKind.TlsRoute, (new RouteMatch { ServerName = "one.example" }, "one"), (new RouteMatch { ServerName = "*.example" }, "two"));
        using var client = await _proxy.ConnectAsync();
        var handshake = HandshakeAsync(client, name);
        var listener = toOne ? _one : _two;
        var server = await listener.AcceptAsync();
        var first = await server.ReadAsync(1);
        if (first.Length == 0 && declared is Protocol.Unspecified)
        {
            // One is dialled ahead when the hello is late, and given up when its name is known.
            server.Dispose();
            server = await listener.AcceptAsync();
            first = await server.ReadAsync(1);
        }

        Assert.Equal("\u0016", first);
        server.Dispose();
        await handshake;
        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_tcp_connections_opened_total", "route=\"shop/r\"", "protocol=\"tls\""));
    }

    [Theory(Timeout = 15_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_TLS_is_declared_nothing_else_passes_nor_a_name_that_no_rule_is_for(bool isTls)
    {
        Declare(Protocol.Tls, RouteKind.TlsRoute, (new RouteMatch { ServerName = "one.example" }, "one"));
        using var client = await _proxy.ConnectAsync();
        if (isTls)
        {
            await HandshakeAsync(client, "other.example");
        }
        else
        {
            await client.SendAsync("hello there\r\n");
            Assert.Equal("reset", await client.NextAsync());
        }

        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_tcp_connections_closed_total", "reason=\"no_route\""));
    }

    [Fact(Timeout = 15_000)]
    public async Task Where_nothing_is_declared_what_is_no_TLS_goes_to_the_Service_itself()
    {
        Declare(Protocol.Unspecified, RouteKind.TlsRoute, (new RouteMatch(), "two"));
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("hello there\r\n");
        using var server = await _one.AcceptAsync();

        Assert.Equal("hello there\r\n", await server.ReadAsync(13));
    }

    [Fact(Timeout = 15_000)]
    public async Task A_routed_connection_goes_where_its_source_address_says()
    {
        Declare(Protocol.Unspecified, RouteKind.TcpRoute, (new RouteMatch(), "both"));
        _proxy.Snapshots.Apply(new SnapshotDelta
        {
            Version = 2,
            Services = { Service("both", [_one.EndPoint, _two.EndPoint], Protocol.Unspecified) },
            Policies = { new ScopedPolicies { Scope = "shop/both", Traffic = new TrafficRules { Algorithm = BalancingAlgorithm.ConsistentHash, HashKey = new HashKey { SourceIp = true } } } },
        });
        var (one, two) = (0, 0);
        for (var i = 0; i < 12; i++)
        {
            using var client = await _proxy.ConnectAsync();
            var accepted = await Task.WhenAny(AcceptAsync(_one), AcceptAsync(_two));
            _ = await accepted == _one ? one++ : two++;
        }

        Assert.Contains(12, new[] { one, two });

        static async Task<LoopbackServer> AcceptAsync(LoopbackServer server)
        {
            using var socket = await server.AcceptAsync();
            return server;
        }
    }

    [Fact(Timeout = 15_000)]
    public async Task A_connection_through_which_nothing_passes_is_reset_when_its_policy_says()
    {
        Declare(Protocol.Opaque, RouteKind.TcpRoute, (new RouteMatch(), "two"));
        _proxy.Snapshots.Apply(new SnapshotDelta
        {
            Version = 2, Policies = { new ScopedPolicies { Scope = "shop/two", Traffic = new TrafficRules { Timeouts = new TrafficTimeouts { IdleMilliseconds = 200 } } } },
        });
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("hello");
        using var server = await _two.AcceptAsync();
        Assert.Equal("hello", await server.ReadAsync(5));

        Assert.Equal("reset", await client.NextAsync());
        Assert.Equal("reset", await server.NextAsync());
        Assert.Equal(1, await _proxy.MetricAsync("nodemesh_tcp_connections_closed_total", "reason=\"timeout_idle\""));
    }

    [Theory(Timeout = 15_000)]
    [InlineData("", true, true)]
    [InlineData("word", true, false)]
    [InlineData("", false, false)]
    public async Task A_server_that_resets_a_connection_before_it_has_said_a_word_has_failed(string word, bool isReset, bool isSpared)
    {
        Declare(Protocol.Opaque, RouteKind.TcpRoute, (new RouteMatch(), "two"));
        var outliers = new OutlierRules { ConsecutiveErrors = 1, BaseEjectionMilliseconds = 60_000, MaxEjectionMilliseconds = 60_000, MaxEjectionPercent = 100 };
        _proxy.Snapshots.Apply(new SnapshotDelta { Version = 2, Policies = { new ScopedPolicies { Scope = "shop/two", Traffic = new TrafficRules { Outliers = outliers } } } });
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("hello");
        using var server = await _two.AcceptAsync();
        Assert.Equal("hello", await server.ReadAsync(5));
        await server.SendAsync(word);
        Assert.Equal(word, await client.ReadAsync(word.Length));
        server.LingerState = new LingerOption(isReset, 0);
        server.Dispose();
        Assert.Equal(isReset ? "reset" : "end", await client.NextAsync());
        client.Dispose();

        await EventuallyClosedAsync(isReset ? "upstream_reset" : "");
        Assert.Equal(isSpared, _proxy.Store.Current.FindServicePort("shop/two", 443)!.Endpoints[0].Load.IsEjected(TimeProvider.System.GetTimestamp()));
    }

    [Fact(Timeout = 15_000)]
    public async Task What_is_no_TLS_is_put_into_TLS_where_a_policy_says_so_and_each_side_ends_by_itself()
    {
        Declare(Protocol.Opaque, RouteKind.TcpRoute, (new RouteMatch(), "two"));
        Secure("two.example");
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("hello");
        await using var server = await ServeTlsAsync();

        Assert.Equal("two.example", server.TargetHostName);
        Assert.Equal("hello", await ReadAsync(server, 5));
        await using var stream = new NetworkStream(client);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await server.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
        var answer = new byte[300_000];
        new Random(1).NextBytes(answer);
        var sending = server.WriteAsync(answer, TestContext.Current.CancellationToken).AsTask();
        var got = new byte[answer.Length];
        await stream.ReadExactlyAsync(got, TestContext.Current.CancellationToken);
        await sending;
        Assert.Equal(answer, got);
        await server.ShutdownAsync();
        Assert.Equal(0, await stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
        await EventuallyClosedAsync("");
        Assert.Equal(5, await _proxy.MetricAsync("nodemesh_tcp_sent_bytes_total", "route=\"shop/r\""));
        Assert.Equal(0, _proxy.Store.Current.FindServicePort("shop/two", 443)!.Endpoints[0].Load.Pending);
    }

    [Fact(Timeout = 15_000)]
    public async Task Who_is_not_trusted_gets_nothing_of_a_connection()
    {
        Declare(Protocol.Opaque, RouteKind.TcpRoute, (new RouteMatch(), "two"));
        RecordedTraffic.Ask(_proxy.Store);
        Secure("other.example");
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("hello");

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var server = await ServeTlsAsync();
            Assert.Equal(0, await server.ReadAsync(new byte[5], TestContext.Current.CancellationToken));
            throw new IOException("nothing came");
        });
        Assert.Equal("reset", await client.NextAsync());
        await EventuallyClosedAsync("upstream_tls");
        Assert.Equal("BackendTLSPolicy/shop/p", (await _proxy.Told.SingleAsync()).Policy);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_reset_passes_through_TLS_too()
    {
        Declare(Protocol.Opaque, RouteKind.TcpRoute, (new RouteMatch(), "two"));
        Secure("two.example");
        using var client = await _proxy.ConnectAsync();
        await client.SendAsync("hello");
        var server = await ServeTlsAsync();
        Assert.Equal("hello", await ReadAsync(server, 5));

        client.LingerState = new LingerOption(true, 0);
        client.Close();

        await Assert.ThrowsAnyAsync<IOException>(async () => await server.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
        await server.DisposeAsync();
        await EventuallyClosedAsync("downstream_reset");
    }

    private void Secure(string hostname) => _proxy.Snapshots.Apply(new SnapshotDelta
    {
        Version = _proxy.Store.Current.Version + 1,
        Policies = { new ScopedPolicies { Scope = "shop/two", BackendTls = new BackendTls { Policy = "shop/p", Hostname = hostname, CaCertificates = { TestCertificates.AuthorityPem } } } },
    });

    private async Task<SslStream> ServeTlsAsync()
    {
        var stream = new SslStream(new NetworkStream(await _two.AcceptAsync(), ownsSocket: true));
        try
        {
            await stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = TestCertificates.Issue(["two.example"]) }, TestContext.Current.CancellationToken);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> ReadAsync(SslStream stream, int count)
    {
        var buffer = new byte[count];
        await stream.ReadExactlyAsync(buffer, TestContext.Current.CancellationToken);
        return System.Text.Encoding.ASCII.GetString(buffer);
    }

    private async Task EventuallyClosedAsync(string reason)
    {
        while (await _proxy.MetricAsync("nodemesh_tcp_connections_closed_total", $"reason=\"{reason}\"") == 0)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private static async Task HandshakeAsync(Socket client, string name)
    {
        await using var tls = new SslStream(new NetworkStream(client));
        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name }, TestContext.Current.CancellationToken));
    }

    // The Service's own endpoint is one's.
    private void Declare(Protocol declared, RouteKind kind, params (RouteMatch Match, string Backend)[] matches)
    {
        var table = new RouteTable { Port = 443, Kind = kind };
        foreach (var (match, backend) in matches)
        {
            match.Rule = (uint)table.Rules.Count;
            table.Matches.Add(match);
            table.Rules.Add(new RouteRule { Route = "shop/r", Backends = { new RouteBackend { Port = new BackendPort { Service = $"shop/{backend}", Port = 443 }, Weight = 1 } } });
        }
        _proxy.Snapshots.Apply(new SnapshotDelta
        {
            Version = 1,
            Full = true,
            Services = { Service("web", _one.EndPoint, declared, ClusterIp), Service("one", _one.EndPoint, declared), Service("two", _two.EndPoint, declared) },
            Routes = { new ServiceRoutes { Service = "shop/web", Tables = { table } } },
        });
    }

    private static Service Service(string name, IPEndPoint endpoint, Protocol declared, params string[] clusterIps) => Service(name, [endpoint], declared, clusterIps);

    private static Service Service(string name, IPEndPoint[] endpoints, Protocol declared, params string[] clusterIps) => new()
    {
        Id = $"shop/{name}", Namespace = "shop", Name = name, ClusterIps = { clusterIps },
        Ports = { new ServicePort { Port = 443, Protocol = declared, Endpoints = { endpoints.Select(endpoint => new Endpoint { Address = endpoint.Address.ToString(), Port = (uint)endpoint.Port, Ready = true }) } } },
    };
}
