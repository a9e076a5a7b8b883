using System.Globalization;
using System.Reflection;
using System.Text;
using NodeMesh.Contract.Telemetry;
using Prometheus;

namespace NodeMesh.Agent.Serving;

/// <summary>The agent's own metrics. Filled from an <see cref="AgentStatus"/> at each scrape, so that nothing is counted twice.</summary>
internal sealed class AgentMetrics
{
    private static readonly string[] Pod = ["namespace", "pod"];
    private static readonly string[] Problem = ["kind", "object", "reason"];

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly Lock _scraping = new();
    private readonly Gauge _enrolled;
    private readonly Gauge _captured;
    private readonly Counter _bypass;
    private readonly Counter _unmeshed;
    private readonly Counter _udp;
    private readonly Gauge _problems;
    private readonly Gauge _version;
    private readonly Gauge _proxyVersion;
    private readonly Gauge _age;
    private readonly Gauge _ready;
    private readonly Gauge _captureInfo;
    private readonly Counter _restarts;
    private readonly Counter _cpu;
    private readonly Gauge _memory;

    public AgentMetrics()
    {
        var make = Metrics.WithCustomRegistry(_registry);
        _enrolled = make.CreateGauge("nodemesh_pod_enrolled", "1: the pod shall be in the mesh.", Pod);
        _captured = make.CreateGauge("nodemesh_pod_captured", "1: the kernel really steers all of the pod's TCP connections; 0: enrolled, but not captured.", Pod);
        _bypass = make.CreateCounter("nodemesh_bypass_attempts_total", "SYNs that tried to leave a captured pod past the mesh; dropped.", Pod);
        _unmeshed = make.CreateCounter("nodemesh_unmeshed_connections_total", "Connections let through unmeshed because no proxy was alive (on-failure: open).", Pod);
        _udp = make.CreateCounter("nodemesh_udp_packets_total", "UDP packets that left a captured pod; passed through, not proxied.", Pod);
        _problems = make.CreateGauge("nodemesh_resource_problems", "Resources that are not in force as written.", Problem);
        _version = make.CreateGauge("nodemesh_config_version", "Version of the compiled configuration.");
        _proxyVersion = make.CreateGauge("nodemesh_proxy_config_version", "Version of the configuration in force in the proxy; 0 while none is connected.");
        _age = make.CreateGauge("nodemesh_config_age_seconds", "Time since the resources were last known to be complete.");
        _ready = make.CreateGauge("nodemesh_ready", "1: every enrolled pod is captured and the proxy has the current configuration.");
        _captureInfo = make.CreateGauge("nodemesh_capture_info", "How this node captures.", "mode");
        _restarts = make.CreateCounter("nodemesh_proxy_restarts_total", "Proxies started because one had died.");
        _cpu = make.CreateCounter("nodemesh_process_cpu_seconds_total", "User and system CPU time.", "component");
        _memory = make.CreateGauge("nodemesh_process_resident_memory_bytes", "Resident memory.", "component");
        _ = new RuntimeMetrics(_registry, "agent");
        make.CreateGauge("nodemesh_build_info", "What runs here.", "component", "version").WithLabels("agent", Version).Set(1);
    }

    public static string Version { get; } =
        typeof(AgentMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>These metrics as of <paramref name="status"/>, as text.</summary>
    public string Scrape(AgentStatus status, DateTimeOffset now, ExpositionFormat format = ExpositionFormat.PrometheusText)
    {
        lock (_scraping)
        {
            Fill(status, now);
            using var text = new MemoryStream();
            // Serialises into memory: completes synchronously.
            _registry.CollectAndExportAsTextAsync(text, format).GetAwaiter().GetResult();
            return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
        }
    }

    private void Fill(AgentStatus status, DateTimeOffset now)
    {
        Forget(_enrolled, status.Pods.Select(p => (string[])[p.Namespace, p.Name]));
        foreach (var pod in status.Pods)
        {
            _enrolled.WithLabels(pod.Namespace, pod.Name).Set(pod.Enrolled ? 1 : 0);
        }
        var enrolled = status.Pods.Where(p => p.Enrolled).ToList();
        Forget(_captured, enrolled.Select(p => (string[])[p.Namespace, p.Name]));
        foreach (var pod in enrolled)
        {
            _captured.WithLabels(pod.Namespace, pod.Name).Set(pod.Captured ? 1 : 0);
            _bypass.WithLabels(pod.Namespace, pod.Name).IncTo(pod.BypassAttempts);
            _unmeshed.WithLabels(pod.Namespace, pod.Name).IncTo(pod.Unmeshed);
            _udp.WithLabels(pod.Namespace, pod.Name).IncTo(pod.UdpPackets);
        }

        Forget(_problems, status.Problems.Select(p => (string[])[p.Kind, p.Object, p.Reason]));
        foreach (var group in status.Problems.GroupBy(p => (p.Kind, p.Object, p.Reason)))
        {
            _problems.WithLabels(group.Key.Kind, group.Key.Object, group.Key.Reason).Set(group.Count());
        }

        _version.Set(status.ConfigVersion);
        _proxyVersion.Set(status.ProxyConfigVersion ?? 0);
        _age.Set(Math.Max(0, (now - status.ConfigReadAt).TotalSeconds));
        _ready.Set(status.NotReady().Count == 0 ? 1 : 0);
        _captureInfo.WithLabels(status.CaptureMode).Set(1);
        _restarts.IncTo(status.ProxyRestarts);
        FillProcess("agent", Environment.ProcessId);
        if (status.ProxyPid is { } proxy)
        {
            FillProcess("proxy", proxy);
        }
    }

    private void FillProcess(string component, int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
            _cpu.WithLabels(component).IncTo(ticks / 100.0); // USER_HZ is 100 on every architecture .NET runs on
            _memory.WithLabels(component).Set(long.Parse(fields[21], CultureInfo.InvariantCulture) * Environment.SystemPageSize);
        }
        catch (IOException)
        {
            // It went away between two looks.
        }
    }

    private static void Forget(Gauge gauge, IEnumerable<string[]> present)
    {
        var keep = present.Select(l => string.Join('\0', l)).ToHashSet();
        foreach (var labels in gauge.GetAllLabelValues().Where(l => !keep.Contains(string.Join('\0', l))).ToList())
        {
            gauge.RemoveLabelled(labels);
        }
    }
}
