namespace NodeMesh.Proxy.Forwarding.Http.Services;

/// <summary>A Service that the proxy asks about a request did not answer as it should.</summary>
internal sealed class ServiceCallException(string message, Exception? cause = null) : IOException(message, cause);
