using System.Net;
using Grpc.Core;
using NodeMesh.TestApp.Proto;

namespace NodeMesh.TestApp.Serving;

/// <summary>All four kinds of call; metadata "x-*" comes back as headers, and every call has a trailer.</summary>
internal sealed class GrpcEcho(ServeOptions options) : Echo.EchoBase
{
    public override async Task<EchoReply> Unary(EchoRequest request, ServerCallContext context)
    {
        await BeginAsync(context);
        return End(request.Status, Reply(request.Text, context));
    }

    public override async Task ServerStream(EchoRequest request, IServerStreamWriter<EchoReply> replies, ServerCallContext context)
    {
        await BeginAsync(context);
        for (var i = 0; i < request.Count; i++)
        {
            await replies.WriteAsync(Reply($"{request.Text}{i}", context), context.CancellationToken);
        }
        End(request.Status, new EchoReply());
    }

    public override async Task<EchoReply> ClientStream(IAsyncStreamReader<EchoRequest> requests, ServerCallContext context)
    {
        await BeginAsync(context);
        var text = "";
        var status = 0;
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
        {
            text += request.Text;
            status = request.Status;
        }
        return End(status, Reply(text, context));
    }

    public override async Task Bidi(IAsyncStreamReader<EchoRequest> requests, IServerStreamWriter<EchoReply> replies, ServerCallContext context)
    {
        await BeginAsync(context);
        var status = 0;
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
        {
            status = request.Status;
            await replies.WriteAsync(Reply(request.Text, context), context.CancellationToken);
        }
        End(status, new EchoReply());
    }

    private static async Task BeginAsync(ServerCallContext context)
    {
        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders.Where(entry => entry.Key.StartsWith("x-", StringComparison.Ordinal)))
        {
            headers.Add(entry);
        }
        context.ResponseTrailers.Add("x-trailer", "end");
        await context.WriteResponseHeadersAsync(headers);
    }

    private EchoReply Reply(string text, ServerCallContext context)
    {
        var connection = context.GetHttpContext().Connection;
        return new EchoReply
        {
            Text = text,
            Pod = options.Name,
            Local = Seen.Text(new IPEndPoint(connection.LocalIpAddress!, connection.LocalPort)),
            Peer = Seen.Text(new IPEndPoint(connection.RemoteIpAddress!, connection.RemotePort)),
        };
    }

    private static EchoReply End(int status, EchoReply reply) =>
        status == 0 ? reply : throw new RpcException(new Status((StatusCode)status, "as asked"));
}
