using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Connections;

/// <summary>A connection through the mesh ends as it would without one, seen from either end, for every place the server may be.</summary>
public abstract class HowConnectionsEnd(SharedMesh mesh)
{
    private const int Bytes = 300_000;

    public static TheoryData<bool, bool> Servers => new() { { true, true }, { false, true }, { true, false } };

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Servers))]
    public async Task A_closed_port_is_refused_at_once(bool meshed, bool sameNode)
    {
        var target = new IPEndPoint(mesh.Server(meshed, sameNode).V4, 4).ToString();
        // A client's first request is slow by itself.
        await mesh.Client().CallAsync("http", target);

        var opaque = await mesh.Client().CallAsync("opaque", target);
        var http = await mesh.Client().CallAsync("http", target);

        Assert.Contains(opaque.Error, new[] { "ConnectionRefused", "ConnectionReset" });
        Assert.True(opaque.Milliseconds < 500, $"it took {opaque.Milliseconds} ms");
        // The mesh has taken the connection before it can know; an HTTP client is told in its own language.
        Assert.True(http.Status is 502 or 503 || http.Error is "ConnectionRefused" or "ConnectionReset", $"status {http.Status}, error {http.Error}");
        // On the other node it is that node's mesh which is refused, and resets.
        Assert.True(http.Status == 0 || http.Headers!["nodemesh-error"] is "upstream_connect" or "upstream_reset", string.Join(", ", http.Headers ?? []));
        Assert.True(http.Milliseconds < 500, $"it took {http.Milliseconds} ms");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_plain_client_is_refused_by_a_closed_port_of_a_meshed_pod_at_once()
    {
        var result = await mesh.Client(meshed: false).CallAsync("opaque", new IPEndPoint(mesh.Server().V4, 4).ToString());

        Assert.Contains(result.Error, new[] { "ConnectionRefused", "ConnectionReset" });
        Assert.True(result.Milliseconds < 500, $"it took {result.Milliseconds} ms");
    }

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Servers))]
    public async Task A_client_that_closes_its_half_still_gets_the_answer(bool meshed, bool sameNode)
    {
        var result = await CallAsync(meshed, sameNode, new CallRequest { Kind = "half-close", Up = Bytes });

        Assert.True(result.Ok, result.Error);
        Assert.Equal(Bytes, result.Server!.Bytes);
        Assert.Equal(await HashAsync(), result.Server.Sha256);
    }

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Servers))]
    public async Task A_server_that_closes_its_half_still_gets_what_the_client_sends(bool meshed, bool sameNode)
    {
        var token = Guid.NewGuid().ToString();
        var result = await CallAsync(meshed, sameNode, new CallRequest { Kind = "bye", Token = token, Up = Bytes });

        Assert.True(result.Ok, result.Error);
        var kept = await EndedAsync(meshed, sameNode, token);
        Assert.Equal("fin", kept.Ending);
        Assert.Equal(Bytes, kept.Bytes);
        Assert.Equal(await HashAsync(), kept.Sha256);
    }

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Servers))]
    public async Task A_reset_by_the_server_is_a_reset_to_the_client(bool meshed, bool sameNode)
    {
        var result = await CallAsync(meshed, sameNode, new CallRequest { Kind = "reset" });

        Assert.Equal("ConnectionReset", result.Error);
    }

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Servers))]
    public async Task A_reset_by_the_client_is_a_reset_to_the_server(bool meshed, bool sameNode)
    {
        var token = Guid.NewGuid().ToString();
        var result = await CallAsync(meshed, sameNode, new CallRequest { Kind = "abort", Token = token });

        Assert.True(result.Ok, result.Error);
        Assert.Equal("reset", (await EndedAsync(meshed, sameNode, token)).Ending);
    }

    private static async Task<string> HashAsync()
    {
        using var bytes = new MemoryStream();
        await new SeededBytes(3).SendAsync(bytes, Bytes, default);
        return Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()));
    }

    private Task<CallResult> CallAsync(bool meshed, bool sameNode, CallRequest request) =>
        mesh.Client().CallAsync(request with { Target = Traffic.Target(mesh.Server(meshed, sameNode), AddressFamily.InterNetwork, "opaque") });

    private Task<Seen> EndedAsync(bool meshed, bool sameNode, string token) => Eventually.HoldsAsync(
        "the server has seen the end",
        async () => (await CallAsync(meshed, sameNode, new CallRequest { Kind = "ask", Token = token })).Server!,
        seen => seen.Ending is not null,
        TimeSpan.FromSeconds(5));
}

[Collection("ebpf")]
public sealed class EbpfHowConnectionsEnd(EbpfMesh mesh) : HowConnectionsEnd(mesh);

[Collection("iptables")]
public sealed class IptablesHowConnectionsEnd(IptablesMesh mesh) : HowConnectionsEnd(mesh);
