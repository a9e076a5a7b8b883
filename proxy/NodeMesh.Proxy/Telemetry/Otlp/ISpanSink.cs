namespace NodeMesh.Proxy.Telemetry.Otlp;

/// <summary>Where spans go.</summary>
internal interface ISpanSink
{
    /// <summary>A sampled request is over. Never waits: what there is no room for is dropped, and counted. Any thread.</summary>
    void Write(TrafficRecord record);
}
