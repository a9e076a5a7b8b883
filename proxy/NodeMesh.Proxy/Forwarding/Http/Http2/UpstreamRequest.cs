namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>A request to an upstream that knows where it goes: the connect callback gets it back from the handler.</summary>
internal sealed class UpstreamRequest(HttpMethod method, UpstreamTarget target, string requestTarget) : HttpRequestMessage(method, target.UriFor(requestTarget))
{
    public UpstreamTarget Target => target;
}
