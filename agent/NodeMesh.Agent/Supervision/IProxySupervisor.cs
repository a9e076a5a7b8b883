using NodeMesh.Agent.Serving;

namespace NodeMesh.Agent.Supervision;

/// <summary>Sees to it that a proxy serves. Everything runs on the control loop.</summary>
internal interface IProxySupervisor
{
    /// <summary>Proxies that came after one had died.</summary>
    int Restarts { get; }

    int? Pid { get; }

    /// <summary>The links of proxies that accept connections.</summary>
    IEnumerable<ProxyLink> Serving { get; }

    void Start();

    void Connected(ProxyLink link);

    void Disconnected(ProxyLink link);

    /// <summary>Starts a second proxy; the first drains as soon as the second serves.</summary>
    void Replace();

    /// <summary>Looks after the proxies; called several times a second.</summary>
    void Tick(long? lastBeatNanoseconds);

    /// <summary>Ends every proxy: asks, and after the limit kills.</summary>
    Task StopAsync(TimeSpan limit);

    /// <summary>Leaves the proxies as they are, for a successor.</summary>
    void Leave();
}
