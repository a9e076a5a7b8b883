namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>The upstream is to be spoken to in TLS, and could not be.</summary>
internal sealed class UpstreamTlsException(string message, Exception? cause = null) : Exception(message, cause);
