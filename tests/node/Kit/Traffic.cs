using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Kit;

/// <summary>One call of each protocol, and everything about it that must be true whether or not a mesh stands between.</summary>
public static class Traffic
{
    private const int BodySize = 100_000;

    public static readonly string[] Protocols = ["http", "h2c", "grpc", "opaque", "server-first", "tls"];

    public static int Port(string protocol) => protocol switch
    {
        "http" => 8080,
        "h2c" => 8081,
        "grpc" => 8082,
        "server-first" => 2525,
        "tls" => 8443,
        _ => 9000,
    };

    public static string Target(TestPod server, AddressFamily family, string protocol) => new IPEndPoint(server.Address(family), Port(protocol)).ToString();

    /// <summary>Calls, and asserts that the payload is whole and that both ends' sockets tell the truth about each other.</summary>
    public static async Task<CallResult> CallAsync(TestPod client, TestPod server, AddressFamily family, string protocol)
    {
        var target = Target(server, family, protocol);
        var request = new CallRequest { Kind = protocol, Target = target, Rpc = "bidi", Sni = "shop.example", Text = $"from {client.Name}" };
        if (protocol is "http" or "h2c")
        {
            request = request with { Method = "POST", Path = "/a%2Fb/../c?q=%20&&", Host = "shop.example", BodySize = BodySize, Headers = ["X-Case: KEPT"] };
        }
        var result = await client.CallAsync(request);

        Assert.True(result.Ok, $"{protocol} from {client.Name} to {target}: {result.Error}");
        var seen = result.Server!;
        Assert.Equal(server.Name, seen.Pod);
        AssertAddresses(result, client.Address(family), target);
        switch (protocol)
        {
            case "http" or "h2c":
                Assert.Equal(protocol == "http" ? "HTTP/1.1" : "HTTP/2", seen.Protocol);
                Assert.Equal("/a%2Fb/../c?q=%20&&", seen.RawTarget);
                Assert.Equal("shop.example", seen.Host);
                Assert.Equal(BodySize, seen.Bytes);
                Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(new byte[BodySize])), seen.Sha256);
                Assert.Equal(["content-length", "host", "x-case"], seen.Headers!.Keys.Order());
                Assert.Equal(["content-type", "date", "transfer-encoding", "x-pod"], result.Headers!.Keys.Append("transfer-encoding").Distinct().Order());
                break;
            case "grpc":
                Assert.Equal($"{request.Text} {request.Text} {request.Text}", result.Text);
                Assert.Equal("by the client", result.Headers!["x-asked"]);
                Assert.Equal("end", result.Trailers!["x-trailer"]);
                break;
            case "server-first":
                Assert.Equal($"220 {server.Name} ready", result.Text);
                Assert.True(result.Milliseconds < 1000, $"the greeting took {result.Milliseconds} ms");
                break;
            case "tls":
                Assert.Equal($"CN={server.Name}", result.Certificate);
                Assert.Equal("shop.example", seen.Sni);
                Assert.Equal(request.Text, result.Text);
                break;
            default:
                Assert.Equal(request.Text, result.Text);
                break;
        }
        return result;
    }

    /// <summary>getpeername of each end is the other end's true address; ports of the client may differ, since the mesh dials anew.</summary>
    public static void AssertAddresses(CallResult result, IPAddress client, string target)
    {
        Assert.Equal(target, result.Peer);
        Assert.Equal(client, IPEndPoint.Parse(result.Local).Address);
        Assert.Equal(target, result.Server!.Local);
        Assert.Equal(client, IPEndPoint.Parse(result.Server.Peer).Address);
    }
}
