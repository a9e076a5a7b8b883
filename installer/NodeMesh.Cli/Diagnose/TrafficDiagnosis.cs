using System.Globalization;
using NodeMesh.Cli.Check;
using NodeMesh.Cli.Traffic;

namespace NodeMesh.Cli.Diagnose;

/// <summary>What the traffic of a subject says: who fails whom, and why.</summary>
internal sealed class TrafficDiagnosis(Evidence evidence, Subject subject)
{
    private const double WorthAFailure = 0.01;

    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    // The client's own doing.
    private const string ByTheClient = "downstream_reset";

    public IEnumerable<Finding> Findings()
    {
        var flows = evidence.After.Flows.Where(flow => Concerns(flow.Key))
            .Select(flow => (flow.Key, All: flow.Value, Lately: flow.Value.Since(evidence.Before.Flows.GetValueOrDefault(flow.Key)))).ToList();
        var isLately = flows.Any(flow => flow.Lately.Requests + flow.Lately.Closed > 0);
        var when = isLately ? $"in {evidence.Watched.TotalSeconds:0} s" : "since the proxies started";
        var good = 0.0;
        foreach (var (key, all, lately) in flows.OrderBy(flow => flow.Key.ToString(), StringComparer.Ordinal))
        {
            var totals = isLately ? lately : all;
            var ended = totals.Requests > 0 ? totals.Requests : totals.Closed;
            good += totals.Requests;
            foreach (var (word, count) in (totals.Requests > 0 ? totals.Failures : totals.BrokenBy).Where(failure => failure.Value > 0 && failure.Key != ByTheClient).OrderByDescending(failure => failure.Value))
            {
                good -= count;
                var (cause, remedy) = FailureCauses.Of(word, key, evidence);
                var message = string.Create(
                    CultureInfo.InvariantCulture, $"{Share(count / ended)} of the {(totals.Requests > 0 ? "requests" : "connections")} {Between(key)} fail ({count:0} of {ended:0} {when}): {cause}");
                // What was before it was watched may be over.
                yield return isLately && count / ended >= WorthAFailure ? Finding.Failure(subject.Id, message, remedy) : Finding.Warning(subject.Id, message, remedy);
            }
            var p99 = totals.Latency.Quantile(0.99);
            if (p99 > Slow.TotalSeconds)
            {
                yield return Finding.Warning(
                    subject.Id, string.Create(CultureInfo.InvariantCulture, $"requests {Between(key)} are slow: one in a hundred takes longer than {p99:0.0} s {when}"),
                    "the mesh itself takes milliseconds: look at what the server does, or at what it calls with nodemesh graph");
            }
        }
        foreach (var (name, text) in new[] { ("nodemesh_ejected_endpoints", "are spared as outliers: their answers were errors"), ("nodemesh_unhealthy_endpoints", "get nothing, since they fail their health checks") })
        {
            foreach (var sample in evidence.Nodes.SelectMany(node => node.After).Where(sample => sample.Name == name && sample.Value > 0 && subject.ServiceIds.Contains(sample["service"])))
            {
                yield return Finding.Warning($"Service {sample["service"]}", $"{sample.Value:0} endpoints of port {sample["port"]} {text}", "the proxy's log names them; see the app in these pods");
            }
        }
        if (good > 0)
        {
            yield return Finding.Good(subject.Id, $"{good:0} requests went well {when}");
        }
    }

    private bool Concerns(FlowKey key) =>
        (key.DestinationNamespace == subject.Namespace && key.Destination == subject.Name) || (key.SourceNamespace == subject.Namespace && key.Source == subject.Name) || subject.ServiceIds.Contains(key.Service);

    private static string Between(FlowKey key) => $"from {key.SourceNamespace}/{key.Source} to {(key.Destination == "unknown" && key.Service.Length > 0 ? $"Service {key.Service}" : $"{key.DestinationNamespace}/{key.Destination}")}";

    // Never rounded down to 0 %.
    private static string Share(double share) => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(share * 100, 0.1):0.#} %");
}
