using Microsoft.AspNetCore.Http.Features;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>One request and its response on the downstream side. Kestrel keeps it with the connection (HTTP/1) or the stream (HTTP/2) and uses it again.</summary>
internal sealed class HttpExchange(IFeatureCollection features, HttpConnection connection)
{
    public HttpConnection Connection => connection;

    public IHttpRequestFeature Request => features.GetRequiredFeature<IHttpRequestFeature>();

    public IHttpResponseFeature Response => features.GetRequiredFeature<IHttpResponseFeature>();

    public IHttpResponseBodyFeature ResponseBody => features.GetRequiredFeature<IHttpResponseBodyFeature>();

    public CancellationToken Aborted => features.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;

    public bool HasRequestBody => features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody;

    public T? Feature<T>() => features.Get<T>();

    /// <summary>The downstream shall see the response break off, as it did.</summary>
    /// <param name="http2Error">The error code of the stream reset, for HTTP/2.</param>
    public void Abort(int http2Error)
    {
        if (Feature<IHttpResetFeature>() is { } reset)
        {
            reset.Reset(http2Error);
        }
        else
        {
            features.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();
        }
    }
}
