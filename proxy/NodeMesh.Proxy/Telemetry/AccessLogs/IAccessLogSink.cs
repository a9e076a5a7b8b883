namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>Where lines of access logs go.</summary>
internal interface IAccessLogSink
{
    /// <summary>Never waits: what there is no room for is dropped, and counted. Any thread.</summary>
    void Write(AccessLogEntry log, TrafficRecord record);
}
