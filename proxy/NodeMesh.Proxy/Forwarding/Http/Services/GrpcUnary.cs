using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace NodeMesh.Proxy.Forwarding.Http.Services;

/// <summary>One message there and one back (gRPC over HTTP2, "PROTOCOL-HTTP2.md"), without a channel: connections are the pod's.</summary>
internal static class GrpcUnary
{
    private const int PrefixLength = 5;
    private const int MaxAnswer = 1024 * 1024;

    /// <param name="service">namespace/name</param>
    public static HttpRequestMessage Request(IMessage message, string service, TimeSpan limit)
    {
        var body = new byte[PrefixLength + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), body.Length - PrefixLength);
        message.WriteTo(body.AsSpan(PrefixLength));
        var request = new HttpRequestMessage(HttpMethod.Post, (Uri?)null)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(GrpcAnswer.ContentType);
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.Host = string.Join('.', service.Split('/').Reverse());
        request.Headers.TryAddWithoutValidation("grpc-timeout", $"{Math.Max(1, (long)limit.TotalMilliseconds)}m");
        return request;
    }

    /// <exception cref="ServiceCallException">It is no good answer.</exception>
    public static async Task<T> ReadAsync<T>(HttpResponseMessage response, MessageParser<T> parser, CancellationToken limit)
        where T : IMessage<T>
    {
        try
        {
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new ServiceCallException($"the answer's status is {(int)response.StatusCode}");
            }
            var body = await BoundedBody.ReadAsync(response.Content, MaxAnswer, limit);
            var status = Find(response.TrailingHeaders) ?? Find(response.Headers);
            if (status != "0")
            {
                throw new ServiceCallException($"the answer's grpc-status is {status ?? "missing"}");
            }
            if (body.Length < PrefixLength || body[0] != 0 || BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1)) != body.Length - PrefixLength)
            {
                throw new ServiceCallException("the answer is not one plain message");
            }
            return parser.ParseFrom(body.AsSpan(PrefixLength));
        }
        catch (ServiceCallException)
        {
            throw;
        }
        // What protobuf can't read is an IOException too.
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            throw new ServiceCallException($"the answer broke off: {exception.Message}", exception);
        }
    }

    private static string? Find(HttpHeaders headers) =>
        headers.NonValidated.TryGetValues(GrpcAnswer.StatusHeader, out var values) ? values.ToString() : null;
}
