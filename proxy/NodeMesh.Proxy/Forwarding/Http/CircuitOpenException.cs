namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>There are as many connections to the Service port as a TrafficPolicy allows.</summary>
internal sealed class CircuitOpenException(string message) : Exception(message);
