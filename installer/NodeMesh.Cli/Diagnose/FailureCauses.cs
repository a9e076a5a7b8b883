using NodeMesh.Cli.Traffic;

namespace NodeMesh.Cli.Diagnose;

/// <summary>What the words mean that failures are counted by, and what to do about each.</summary>
internal static class FailureCauses
{
    public static (string Cause, string Remedy) Of(string word, FlowKey flow, Evidence evidence) => word switch
    {
        "no_endpoints" => ($"Service {flow.Service} has no ready endpoint", "see why its pods are not ready: kubectl describe pod"),
        "upstream_connect" => ("nothing accepts connections where they go", "compare the Service's targetPort with the port the app listens on; then look for a NetworkPolicy or firewall in the way"),
        "upstream_reset" => ("the server broke the connection before its answer was whole", "look in its log for a crash or a restart, and at its limits for keep-alive and requests"),
        "overloaded" => ("a limit of the proxy was reached", "see nodemesh_connections_refused_total and nodemesh_proxy_open_descriptors of the node"),
        "protocol_error" => ("what was sent is not the protocol it was declared to be", "see appProtocol and the names of the Service's ports: say tcp where it is no HTTP"),
        "pod_gone" => ("the pod went away under it", "give the app time to end (preStop, terminationGracePeriodSeconds), or let the route retry"),
        "no_route" => ($"Service {flow.Service} has routes, and none is for these requests", "add a rule without matches to one of them: nodemesh describe service shows them"),
        "invalid_backend" => ("the route's rule names a backend that is not there, or may not be used", "nodemesh routes says which"),
        "invalid_filter" => ("the route has a filter that the mesh can't carry out", "nodemesh routes says which"),
        "timeout_request" => ("the route's time for a request with all its attempts was over", "see what the server takes so long for, or raise timeouts.request of the route"),
        "timeout_backend" => ("the route's time for one attempt was over", "see what the server takes so long for, or raise timeouts.backendRequest of the route"),
        "timeout_idle" => ("no byte passed for as long as the TrafficPolicy allows", "see what the server waits for, or raise timeouts.idle"),
        "denied" => ($"policy forbids them: {Policies(evidence, ("nodemesh_authorization_denied_total", ["policy"]), ("nodemesh_egress_violations_total", ["policy", "action"]))}", "allow the client in that policy, or add one that does: nodemesh describe shows what applies"),
        "rate_limited" => ($"there are more than a RateLimitPolicy allows: {Policies(evidence, ("nodemesh_rate_limited_total", ["policy", "limit"]))}", "raise the limit, or have the client send less"),
        "rate_limit_unavailable" => ("the rate limit service can't be asked, and its policy lets nobody pass then", "see that service; failOpen in the policy lets requests pass meanwhile"),
        "fault_injected" => ($"a FaultPolicy makes them fail: {Policies(evidence, ("nodemesh_faults_injected_total", ["policy", "fault"]))}", "delete it when the experiment is over"),
        "circuit_open" => ("as many are under way as the TrafficPolicy's circuit breaker lets", "see whether the server has become slow; raise circuitBreaker where it can bear more"),
        "retry_budget" => ("the retries that would have helped are more than its XBackendTrafficPolicy lets", "see why so many first attempts fail"),
        "external_auth" => ("the service that decides about them could not be asked", "see that service: requests fail closed meanwhile"),
        "upstream_tls" => ("the server can't be spoken to in TLS as its BackendTLSPolicy wants it", "the proxy's log says why; nodemesh describe service shows what is wrong with the policy or its certificates"),
        "5xx" => ("the server itself answers 5xx", "its own log says why; nodemesh tap --status 5xx shows which requests"),
        "aborted" => ("the answer broke off", "look for a client that gives up early, or a server that does"),
        _ when word.StartsWith("grpc-status ", StringComparison.Ordinal) => ($"the server itself answers {word}", "its own log says why; nodemesh tap shows which calls"),
        _ => ($"the mesh ended them: {word}", "see docs/policies.md for the word"),
    };

    // Which of them did something lately.
    private static string Policies(Evidence evidence, params (string Counter, string[] Labels)[] counters)
    {
        var names = counters.SelectMany(counter => evidence.Growth(counter.Counter, counter.Labels).Keys).Select(name => name.Trim()).Select(name => name.Length > 0 ? name : "none allows them").Distinct().ToList();
        return names.Count > 0 ? string.Join(", ", names) : "which one, the proxy's log says";
    }
}
