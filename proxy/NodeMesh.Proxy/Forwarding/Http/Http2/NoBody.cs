using System.Net;

namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>Carries the Content-* fields of a request that has no body; the handler keeps them with a body only.</summary>
internal sealed class NoBody : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.CompletedTask;

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return true;
    }
}
