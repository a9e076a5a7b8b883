using System.Net.Sockets;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Http;

/// <summary>HTTP/1.x as clients really write it, byte by byte, through the mesh: nothing lost, nothing added.</summary>
[Collection("ebpf")]
public sealed class HttpAsItIs(EbpfMesh mesh)
{
    private string Target => Traffic.Target(mesh.Server(), AddressFamily.InterNetwork, "http");

    [Fact(Timeout = 30_000)]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        var answer = await RawAsync("GET /first HTTP/1.1\\r\\nHost: a\\r\\n\\r\\nGET /second HTTP/1.1\\r\\nHost: b\\r\\n\\r\\nGET /third HTTP/1.1\\r\\nHost: c\\r\\nConnection: close\\r\\n\\r\\n");

        Assert.Equal(3, answer.Split("HTTP/1.1 200 OK").Length - 1);
        var places = new[] { "/first", "/second", "/third" }.Select(path => answer.IndexOf(path, StringComparison.Ordinal)).ToArray();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Fact(Timeout = 30_000)]
    public async Task An_HTTP_1_0_request_is_answered_and_the_connection_closed()
    {
        var answer = await RawAsync("GET /old HTTP/1.0\\r\\n\\r\\n");

        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.Contains("/old", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("chunked", answer, StringComparison.OrdinalIgnoreCase);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_chunked_body_arrives_whole()
    {
        var answer = await RawAsync("POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\nConnection: close\\r\\n\\r\\n5\\r\\nhello\\r\\n6\\r\\n world\\r\\n0\\r\\n\\r\\n");

        Assert.Contains("\"bytes\":11", answer, StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_request_that_arrives_in_pieces_is_whole()
    {
        var answer = await mesh.Client().ExecAsync(
            "sh", "-c", $"(printf 'GE'; sleep 0.3; printf 'T /slow HTTP/1.1\\r\\nHo'; sleep 0.3; printf 'st: a\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | busybox nc -w 5 {Target.Replace(':', ' ')}");

        Assert.Contains("\"rawTarget\":\"/slow\"", answer, StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_client_that_shuts_its_side_behind_the_request_gets_the_answer()
    {
        var files = await mesh.AddPodAsync("files");
        await files.StartAsync(8000, "python3", "-m", "http.server", "8000", "--bind", files.V4.ToString(), "--directory", Products.Repository);

        var answer = await mesh.Client().ExecAsync("python3", "-c", $"""
            import socket
            s = socket.create_connection(("{files.V4}", 8000), 5)
            s.sendall(b"GET /global.json HTTP/1.0\r\n\r\n")
            s.shutdown(socket.SHUT_WR)
            while data := s.recv(65536):
                print(data.decode(), end="")
            """);
        await mesh.RemovePodAsync(files);

        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.EndsWith(await File.ReadAllTextAsync($"{Products.Repository}/global.json"), answer.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_client_that_waits_for_100_continue_gets_it()
    {
        var answer = await mesh.Client().ExecAsync(
            "curl", "-sS", "-v", "--stderr", "-", "-H", "Expect: 100-continue", "--expect100-timeout", "5", "--data-binary", new string('x', 2000), $"http://{Target}/");

        Assert.Contains("100 Continue", answer, StringComparison.Ordinal);
        Assert.Contains("\"bytes\":2000", answer, StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_WebSocket_is_upgraded_and_echoes()
    {
        var result = await mesh.Client().CallAsync(new CallRequest { Kind = "websocket", Target = Target, Text = "over a WebSocket" });

        Assert.True(result.Ok, result.Error);
        Assert.Equal("over a WebSocket", result.Text);
    }

    [Theory(Timeout = 30_000)]
    [InlineData("http", 404)]
    [InlineData("http", 500)]
    [InlineData("h2c", 503)]
    public async Task The_servers_own_errors_come_through_unmarked(string protocol, int status)
    {
        var result = await mesh.Client().CallAsync(new CallRequest
        {
            Kind = protocol,
            Target = Traffic.Target(mesh.Server(), AddressFamily.InterNetwork, protocol),
            Path = $"/?status={status}",
        });

        Assert.Equal(status, result.Status);
        Assert.DoesNotContain("nodemesh-error", result.Headers!.Keys);
    }

    [Fact(Timeout = 30_000)]
    public async Task An_answer_that_breaks_off_is_no_whole_answer_to_the_client()
    {
        var result = await mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = Target, Path = "/?abort" });

        Assert.False(result.Ok);
        Assert.NotEqual("TimedOut", result.Error);
    }

    [Theory(Timeout = 30_000)]
    [InlineData("unary", 0)]
    [InlineData("server-stream", 0)]
    [InlineData("client-stream", 0)]
    [InlineData("bidi", 0)]
    [InlineData("unary", 5)]
    [InlineData("server-stream", 8)]
    public async Task Every_kind_of_gRPC_call_passes_with_its_status_and_trailers(string rpc, int status)
    {
        var result = await mesh.Client().CallAsync(new CallRequest
        {
            Kind = "grpc",
            Target = Traffic.Target(mesh.Server(), AddressFamily.InterNetwork, "grpc"),
            Rpc = rpc,
            Status = status,
        });

        Assert.Equal(status, result.Status);
        Assert.Equal(status == 0, result.Ok);
        Assert.Equal("end", result.Trailers!["x-trailer"]);
    }

    /// <summary>Writes these bytes (as printf has them) to the HTTP port; returns all that comes back.</summary>
    private Task<string> RawAsync(string request) =>
        mesh.Client().ExecAsync("sh", "-c", $"(printf '{request}'; sleep 1) | busybox nc -w 5 {Target.Replace(':', ' ')}");
}
