using NodeMesh.Proxy.Discovery;
using Prometheus;

namespace NodeMesh.Proxy.HealthChecking;

/// <summary>By Service port; which endpoint it is about, the log says.</summary>
internal sealed class HealthMetrics
{
    private readonly Counter _checks;
    private readonly Gauge _unwell;

    public HealthMetrics(CollectorRegistry registry)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        metrics.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        _checks = metrics.CreateCounter("nodemesh_health_checks_total", "Health checks made from this node, by what came of them: passed, failed.", "service", "port", "result");
        _unwell = metrics.CreateGauge("nodemesh_unhealthy_endpoints", "Endpoints that get nothing from this node because they fail its health checks.", "service", "port");
    }

    public void Checked(ServicePortEntry port, bool passed) => _checks.WithLabels(port.Service, Number(port), passed ? "passed" : "failed").Inc();

    public void Changed(ServicePortEntry port, bool isUnwell) => _unwell.WithLabels(port.Service, Number(port)).Inc(isUnwell ? 1 : -1);

    private static string Number(ServicePortEntry port) => port.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
