using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Stands in for the downstream of a copied request.</summary>
internal sealed class CopyFeatures : IHttpRequestBodyDetectionFeature, IRequestBodyPipeFeature, IHttpRequestLifetimeFeature
{
    /// <param name="answer">Takes the body of the response.</param>
    public CopyFeatures(HttpRequestFeature request, byte[]? body, Stream answer, CancellationToken limit)
    {
        CanHaveBody = body is not null;
        Reader = PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(body ?? []));
        RequestAborted = limit;
        Collection.Set<IHttpRequestFeature>(request);
        Collection.Set<IHttpResponseFeature>(new HttpResponseFeature());
        Collection.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(answer));
        Collection.Set<IHttpRequestBodyDetectionFeature>(this);
        Collection.Set<IRequestBodyPipeFeature>(this);
        Collection.Set<IHttpRequestLifetimeFeature>(this);
    }

    public FeatureCollection Collection { get; } = new();

    public bool CanHaveBody { get; }

    public PipeReader Reader { get; }

    public CancellationToken RequestAborted { get; set; }

    /// <summary>The request as it is now.</summary>
    public static HttpRequestFeature Of(IHttpRequestFeature request)
    {
        var copy = new HttpRequestFeature
        {
            Method = request.Method,
            RawTarget = request.RawTarget,
            Protocol = "HTTP/1.0", // whose answers have neither interim responses nor the framing of chunks
            Headers = new HeaderDictionary(),
        };
        foreach (var (name, values) in request.Headers)
        {
            copy.Headers[name] = values;
        }
        return copy;
    }

    public void Abort()
    {
        // There is nobody to tell.
    }
}
