using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Stands before the bodies of a request and its response, and counts their bytes into its record. The server takes it away with the request.</summary>
internal sealed class CountedBodies : IRequestBodyPipeFeature, IHttpResponseBodyFeature
{
    private readonly IRequestBodyPipeFeature _request;
    private readonly IHttpResponseBodyFeature _response;
    private readonly TrafficRecord _record;

    private CountedBodies(IFeatureCollection features, TrafficRecord record)
    {
        _request = features.GetRequiredFeature<IRequestBodyPipeFeature>();
        _response = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _record = record;
    }

    // Asked of Kestrel only when wanted: it makes its reader then.
    PipeReader IRequestBodyPipeFeature.Reader => field ??= new CountedReader(_request.Reader, _record);

    PipeWriter IHttpResponseBodyFeature.Writer => field ??= new CountedWriter(_response.Writer, _record);

    Stream IHttpResponseBodyFeature.Stream => field ??= new CountedStream(_response.Stream, _record);

    public static void Of(IFeatureCollection features, TrafficRecord record)
    {
        var counted = new CountedBodies(features, record);
        features.Set<IRequestBodyPipeFeature>(counted);
        features.Set<IHttpResponseBodyFeature>(counted);
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => _response.StartAsync(cancellationToken);

    public Task CompleteAsync() => _response.CompleteAsync();

    public void DisableBuffering() => _response.DisableBuffering();

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("there are no files here");
}
