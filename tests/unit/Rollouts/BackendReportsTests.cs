using System.Net;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;
using NodeMesh.Agent.Rollouts;
using NodeMesh.Agent.Serving;
using NodeMesh.Contract;
using Xunit;

namespace NodeMesh.UnitTests.Rollouts;

public class BackendReportsTests
{
    [Fact(Timeout = 20_000)]
    public async Task Agents_of_other_nodes_are_asked_and_those_that_do_not_answer_left_out()
    {
        using var good = new TcpListener(IPAddress.Loopback, 0);
        using var bad = new TcpListener(IPAddress.Loopback, 0);
        good.Start();
        bad.Start();
        var report = new BackendReport { Backends = { new BackendCounts { Route = "shop/r", Requests = 7 } } };
        _ = AnswerAsync(good, "200 OK\r\nnodemesh-proxy: 42", report.ToByteArray());
        _ = AnswerAsync(bad, "503 Service Unavailable", []);
        var gone = new IPEndPoint(IPAddress.Loopback, 1);
        using var reports = new BackendReports(new ProxySessions());

        var all = await reports.CollectAsync([(IPEndPoint)good.LocalEndpoint, (IPEndPoint)bad.LocalEndpoint, gone]);

        var (source, answered) = Assert.Single(all);
        Assert.Equal($"{good.LocalEndpoint} 42", source);
        Assert.Equal(report, answered);
    }

    private static async Task AnswerAsync(TcpListener listener, string head, byte[] body)
    {
        using var socket = await listener.AcceptSocketAsync();
        var request = new byte[4096];
        var length = await socket.ReceiveAsync(request);
        Assert.StartsWith($"GET {BackendReports.Path} ", Encoding.ASCII.GetString(request, 0, length), StringComparison.Ordinal);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {head}\r\nContent-Length: {body.Length}\r\n\r\n"));
        await socket.SendAsync(body);
    }
}
