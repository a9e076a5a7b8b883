namespace NodeMesh.Agent.Capture.Ebpf;

internal sealed record EbpfCaptureOptions
{
    /// <summary>
    /// A proxy whose heartbeat is older than this is dead, and the pods' failure policies apply. Longer than a restart of the
    /// proxy takes, during which connections wait in the listeners' backlogs.
    /// </summary>
    public TimeSpan ProxyBeatLimit { get; init; } = TimeSpan.FromSeconds(5);
}
