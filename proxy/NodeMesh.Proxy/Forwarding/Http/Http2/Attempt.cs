using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using NodeMesh.Proxy.Telemetry;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>
/// One request on its way through YARP: shows YARP the exchange, and has it copy what a transparent proxy copies, as soon as it is there.
/// </summary>
internal sealed class Attempt : HttpTransformer, IHttpResetFeature
{
    // gRPC calls alone does YARP pass on piece by piece, and end before the request has: every request looks like one to it,
    // those of HTTP/1.1 clients too.
    private static readonly HeaderDictionary Streaming = new() { ["Content-Type"] = GrpcAnswer.ContentType };

    private static readonly HttpRequestOptionsKey<UpstreamTarget> Target = new("nodemesh.target");

    private readonly HttpExchange _exchange;
    private readonly UpstreamTarget _target;

    public Attempt(HttpExchange exchange, UpstreamTarget target)
    {
        _exchange = exchange;
        _target = target;
        var features = new FeatureCollection(exchange.Features);
        features.Set<IHttpResetFeature>(this);
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Method = exchange.Request.Method,
            Protocol = HttpProtocol.Http2,
            Headers = Streaming,
            // The reader may begin anew with each attempt; Kestrel's own stream does not.
            Body = exchange.HasRequestBody ? exchange.Feature<IRequestBodyPipeFeature>()!.Reader.AsStream(leaveOpen: true) : Stream.Null,
        });
        Context = new DefaultHttpContext(features);
    }

    public HttpContext Context { get; }

    /// <summary>The status of the response; 0: none has come.</summary>
    public int Status { get; private set; }

    /// <summary>The downstream shall not see the response.</summary>
    public bool IsDiscarded { get; private set; }

    /// <summary>The response came to its end, trailers and all.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>How the gRPC call ended; null when it is none.</summary>
    public string? GrpcStatus { get; private set; }

    public Exception? Failure => Context.Features.Get<IForwarderErrorFeature>()?.Exception;

    /// <summary>Where a request that YARP has handed to its handler goes.</summary>
    public static UpstreamTarget TargetOf(HttpRequestMessage request) =>
        request.Options.TryGetValue(Target, out var target) ? target : throw new InvalidOperationException("a request that did not come from the forwarder");

    /// <summary>Directs a request of the proxy's own.</summary>
    public static void Address(HttpRequestMessage request, UpstreamTarget target, string path)
    {
        request.RequestUri = new Uri(string.Concat(target.Prefix, path), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        request.Options.Set(Target, target);
    }

    public override ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        proxyRequest.RequestUri = _target.UriFor(_exchange.Request.RawTarget);
        proxyRequest.Options.Set(Target, _target);
        RequestHeaders.Copy(_exchange.Request.Headers, new RequestTransformContext { HttpContext = httpContext, ProxyRequest = proxyRequest });
        return ValueTask.CompletedTask;
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return false;
        }
        Status = (int)proxyResponse.StatusCode;
        ResponseHeaders.Copy(proxyResponse, _exchange.Response.Headers);
        IsDiscarded = !_exchange.HeadHasCome();
        if (!IsDiscarded && !HttpMethods.IsConnect(httpContext.Request.Method))
        {
            await FlushHeadAsync(proxyResponse, cancellationToken);
        }
        return !IsDiscarded;
    }

    public override ValueTask TransformResponseTrailersAsync(HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        IsWhole = true;
        var from = proxyResponse.TrailingHeaders.NonValidated;
        if (from.Count > 0 && _exchange.Feature<IHttpResponseTrailersFeature>() is { Trailers: { IsReadOnly: false } to })
        {
            foreach (var (name, values) in from)
            {
                to[name] = ResponseHeaders.ToStringValues(values);
            }
        }
        if (_exchange.IsGrpc)
        {
            // A call that failed at once has its status in the head.
            GrpcStatus = from.TryGetValues(GrpcAnswer.StatusHeader, out var status) || proxyResponse.Headers.NonValidated.TryGetValues(GrpcAnswer.StatusHeader, out status)
                ? status.ToString()
                : TrafficLabels.Unknown;
        }
        return ValueTask.CompletedTask;
    }

    void IHttpResetFeature.Reset(int errorCode)
    {
        // YARP knows two codes only: who reads its report resets the stream with the upstream's.
    }

    // YARP sends the head with the first of the body. It goes ahead when that is not there yet: not always, since a response that ends with its
    // head must stay one.
    private async ValueTask FlushHeadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var body = await response.Content.ReadAsStreamAsync(cancellation);
        var ready = body.ReadAsync(Memory<byte>.Empty, cancellation).AsTask();
        if (!ready.IsCompletedSuccessfully)
        {
            // What goes wrong here, YARP meets as it goes on.
            await Task.WhenAll(ready, _exchange.ResponseBody.Writer.FlushAsync(cancellation).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
