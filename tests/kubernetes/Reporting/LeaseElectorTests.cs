using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Reporting;
using NodeMesh.KubernetesTests.Cluster;

namespace NodeMesh.KubernetesTests.Reporting;

public class LeaseElectorTests
{
    [Fact(Timeout = 60_000)]
    public async Task One_of_several_is_elected_and_another_when_it_goes()
    {
        await using var cluster = await TestCluster.StartAsync();
        await using var first = new Candidate(cluster, "first");
        await Soon.TrueAsync("the first holds it", () => first.IsHolder);
        await using var second = new Candidate(cluster, "second");
        await using var third = new Candidate(cluster, "third");
        await Soon.TrueAsync("the others have looked", () => cluster.Server.Requests.Count(request => request.Is("get", "leases")) > 12);

        Assert.False(second.IsHolder);
        Assert.False(third.IsHolder);

        await first.DisposeAsync();
        await Soon.TrueAsync("another holds it", () => second.IsHolder || third.IsHolder);
        var lease = await cluster.GetAsync("coordination.k8s.io/v1", "leases", "nodemesh-status");
        Assert.Contains((string?)lease["spec"]!["holderIdentity"], new[] { "second", "third" });
        Assert.True((int)lease["spec"]!["leaseTransitions"]! >= 1);
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_dies_without_a_word_is_followed_when_its_time_is_over()
    {
        await using var cluster = await TestCluster.StartAsync();
        // Of one that nobody renews, with a clock that is wrong.
        await cluster.CreateAsync("coordination.k8s.io/v1", "leases", """
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"nodemesh-status"},
             "spec":{"holderIdentity":"dead","leaseDurationSeconds":1,"renewTime":"2099-01-01T00:00:00.000000Z","leaseTransitions":4}}
            """);
        await using var candidate = new Candidate(cluster, "alive");

        await Soon.TrueAsync("it is followed", () => candidate.IsHolder);

        var lease = await cluster.GetAsync("coordination.k8s.io/v1", "leases", "nodemesh-status");
        Assert.Equal(5, (int)lease["spec"]!["leaseTransitions"]!);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_holder_that_can_not_renew_stops_by_itself()
    {
        await using var cluster = await TestCluster.StartAsync();
        await using var holder = new Candidate(cluster, "holder");
        await Soon.TrueAsync("it holds", () => holder.IsHolder);

        cluster.Server.GoAway();
        await Soon.TrueAsync("it stops", () => !holder.IsHolder);
        cluster.Server.ComeBack();
        await Soon.TrueAsync("and holds again", () => holder.IsHolder);
    }

    private sealed class Candidate : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly LeaseElector _elector;
        private readonly Task _running;

        public Candidate(TestCluster cluster, string identity)
        {
            var options = new LeaseOptions(cluster.Namespace, "nodemesh-status", identity)
            {
                // Long enough for a machine that is busy.
                Duration = TimeSpan.FromSeconds(3), Renewal = TimeSpan.FromMilliseconds(200), Look = TimeSpan.FromMilliseconds(200),
            };
            _elector = new LeaseElector(cluster.Api, options, TimeProvider.System, new Random(identity.Length), NullLogger.Instance);
            _running = _elector.RunAsync(_stop.Token);
        }

        public bool IsHolder => _elector.IsHolder;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }
    }
}
