namespace NodeMesh.Proxy.Telemetry;

/// <summary>What protects the bytes of a connection or a request on their way on from the proxy.</summary>
internal enum TrafficSecurity
{
    Plaintext,

    /// <summary>TLS of the two ends, which passes through. So it looks, too, where it arrives, what another node's proxy has put into TLS.</summary>
    AppTls,

    /// <summary>TLS that this proxy speaks to the endpoint, as a BackendTLSPolicy wants it.</summary>
    MeshTls,
}
