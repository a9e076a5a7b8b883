using Prometheus;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>What policies did, by policy (namespace/name). That many series as there are policies.</summary>
internal sealed class PolicyMetrics
{
    private readonly Counter _denied;
    private readonly Counter _audited;
    private readonly Counter _egress;
    private readonly Counter _rateLimited;
    private readonly Counter _faults;
    private readonly Counter _unanswered;

    public PolicyMetrics(CollectorRegistry registry)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        metrics.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        _denied = metrics.CreateCounter(
            "nodemesh_authorization_denied_total", "Requests and connections refused, by the AuthorizationPolicy that denied them (empty: none allowed them).", "policy");
        _audited = metrics.CreateCounter("nodemesh_authorization_audited_total", "Requests and connections that an AuthorizationPolicy of action Audit matched.", "policy");
        _egress = metrics.CreateCounter(
            "nodemesh_egress_violations_total", "Requests and connections to outside the mesh that an EgressPolicy does not allow: refused, or in audit mode let pass.", "policy", "action");
        _rateLimited = metrics.CreateCounter("nodemesh_rate_limited_total", "Requests refused because a limit of a RateLimitPolicy had no room.", "policy", "limit");
        _faults = metrics.CreateCounter("nodemesh_faults_injected_total", "Failures that a FaultPolicy made: delay, abort, reset.", "policy", "fault");
        _unanswered = metrics.CreateCounter(
            "nodemesh_asked_services_failed_total", "Questions to a Service that decides about requests, or counts them, which had no answer in time: authorization, rate_limit.", "service", "question");
    }

    public void Denied(string policy) => _denied.WithLabels(policy).Inc();

    public void LeftMesh(string policy, bool isAudit) => _egress.WithLabels(policy, isAudit ? "audited" : "refused").Inc();

    public void RateLimited(string policy, string limit) => _rateLimited.WithLabels(policy, limit).Inc();

    /// <param name="fault">delay, abort or reset.</param>
    public void FaultInjected(string policy, string fault) => _faults.WithLabels(policy, fault).Inc();

    /// <summary>A Service that decides about requests could not be asked.</summary>
    /// <param name="question">authorization or rate_limit.</param>
    public void Unanswered(string service, string question) => _unanswered.WithLabels(service, question).Inc();

    public void Audited(string policy) => _audited.WithLabels(policy).Inc();
}
