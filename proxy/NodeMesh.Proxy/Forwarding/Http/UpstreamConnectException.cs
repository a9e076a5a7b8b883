using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>The connection to the upstream could not be opened; nothing of any request was sent.</summary>
internal sealed class UpstreamConnectException(Exception cause) : IOException(cause.Message, cause)
{
    public Reason Reason => InnerException switch
    {
        UpstreamTlsException => Reason.UpstreamTls,
        CircuitOpenException => Reason.CircuitOpen,
        _ => Reason.UpstreamConnect,
    };
}
