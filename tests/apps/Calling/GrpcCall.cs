using Grpc.Core;
using Grpc.Net.Client;
using NodeMesh.TestApp.Proto;

namespace NodeMesh.TestApp.Calling;

/// <summary>One gRPC call of any of the four kinds; three messages where the client streams.</summary>
internal static class GrpcCall
{
    public static async Task<CallResult> CallAsync(CallRequest request, CancellationToken cancellation)
    {
        string local = "", peer = "";
        using var handler = HttpCall.Handler(request, socket => (local, peer) = (Seen.Text(socket.LocalEndPoint), Seen.Text(socket.RemoteEndPoint)));
        using var channel = GrpcChannel.ForAddress($"http://{request.Target}", new GrpcChannelOptions { HttpHandler = handler });
        try
        {
            var result = await CallAsync(new Echo.EchoClient(channel), request, cancellation);
            return result with { Ok = true, Local = local, Peer = peer };
        }
        catch (RpcException error) when (!cancellation.IsCancellationRequested)
        {
            return new CallResult
            {
                Status = (int)error.StatusCode,
                Error = $"{error.StatusCode}: {error.Status.Detail}",
                Trailers = Entries(error.Trailers),
                Local = local,
                Peer = peer,
            };
        }
    }

    private static async Task<CallResult> CallAsync(Echo.EchoClient client, CallRequest request, CancellationToken cancellation)
    {
        var options = new CallOptions(new Metadata { { "x-asked", "by the client" } }, cancellationToken: cancellation);
        var message = new EchoRequest { Text = request.Text, Status = request.Status, Count = 3 };
        switch (request.Rpc)
        {
            case "server-stream":
                using (var call = client.ServerStream(message, options))
                {
                    var replies = await call.ResponseStream.ReadAllAsync(cancellation).ToListAsync(cancellation);
                    return Result(replies, await call.ResponseHeadersAsync, call.GetTrailers());
                }
            case "client-stream":
                using (var call = client.ClientStream(options))
                {
                    for (var i = 0; i < 3; i++)
                    {
                        await call.RequestStream.WriteAsync(message, cancellation);
                    }
                    await call.RequestStream.CompleteAsync();
                    return Result([await call], await call.ResponseHeadersAsync, call.GetTrailers());
                }
            case "bidi":
                using (var call = client.Bidi(options))
                {
                    // In turn: each reply must come before the next request, so nothing on the way may hold messages back.
                    var replies = new List<EchoReply>();
                    for (var i = 0; i < 3; i++)
                    {
                        await call.RequestStream.WriteAsync(message, cancellation);
                        await call.ResponseStream.MoveNext(cancellation);
                        replies.Add(call.ResponseStream.Current);
                    }
                    await call.RequestStream.CompleteAsync();
                    await call.ResponseStream.MoveNext(cancellation);
                    return Result(replies, await call.ResponseHeadersAsync, call.GetTrailers());
                }
            default:
                using (var call = client.UnaryAsync(message, options))
                {
                    return Result([await call], await call.ResponseHeadersAsync, call.GetTrailers());
                }
        }
    }

    private static CallResult Result(List<EchoReply> replies, Metadata headers, Metadata trailers) => new()
    {
        Protocol = "gRPC",
        Headers = Entries(headers),
        Trailers = Entries(trailers),
        Text = string.Join(' ', replies.Select(reply => reply.Text)),
        Server = new Seen { Pod = replies[0].Pod, Local = replies[0].Local, Peer = replies[0].Peer },
    };

    private static Dictionary<string, string> Entries(Metadata metadata) =>
        metadata.Where(entry => !entry.IsBinary).ToDictionary(entry => entry.Key, entry => entry.Value);
}
