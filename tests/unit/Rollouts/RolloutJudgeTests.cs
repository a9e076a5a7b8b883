using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Rollouts;
using NodeMesh.Contract;
using Xunit;

namespace NodeMesh.UnitTests.Rollouts;

public class RolloutJudgeTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    private static readonly RolloutTarget Target = new("shop/r", "all", 0, "shop/v2", 80, "rev", "backends");

    private readonly RolloutSpec _spec = new()
    {
        Steps = [new RolloutStep { Weight = 10, Hold = "1m" }, new RolloutStep { Weight = 50, Hold = "10s" }],
        Analysis = new RolloutAnalysis { MinRequests = 20, SuccessRate = 95, LatencyP99 = "100ms" },
    };

    private readonly BackendWindow _window = new();
    private ulong _requests;
    private ulong _failures;
    private readonly ulong[] _durations = new ulong[4];

    public RolloutJudgeTests() => See(0, 0, 0);

    [Fact]
    public void It_begins_with_the_first_step()
    {
        var status = Begin();

        Assert.Equal((RolloutStatus.Progressing, 0, 10), (status.Phase, status.Step, status.Weight));
    }

    [Fact]
    public void A_step_ends_when_it_was_held_and_a_check_went_well_and_not_before()
    {
        var status = Next(Begin(), 120);
        Assert.Equal((0, 10), (status.Step, status.Weight)); // no requests yet, however long

        See(19, 0, 0);
        status = Next(status, 130);
        Assert.Equal(0, status.Step);
        Assert.Contains("19 of 20", status.Message, StringComparison.Ordinal);

        See(1, 0, 0);
        status = Next(status, 30);
        Assert.Equal((0, true), (status.Step, status.Passed)); // went well, not held long enough

        status = Next(status, 60);
        Assert.Equal((1, 50, false), (status.Step, status.Weight, status.Passed));
    }

    [Fact]
    public void After_the_last_step_it_is_promoted()
    {
        var status = Begin() with { Step = 1, Weight = 50 };
        See(100, 0, 0);

        status = Next(status, 10);

        Assert.Equal((RolloutStatus.Promoted, 100, "backends"), (status.Phase, status.Weight, status.Route));
        Assert.Equal(100, Target.Weight(status));
        Assert.False(Target.IsOpen(status));
        Assert.Null((Target with { Backends = "changed" }).Weight(status));
        Assert.Equal(0, (Target with { Revision = "another" }).Weight(status));
    }

    [Theory]
    [InlineData(20, 1, 0, false)]
    [InlineData(20, 2, 0, true)]
    [InlineData(200, 0, 1, false)]
    [InlineData(200, 0, 20, true)]
    public void Failures_and_slow_answers_roll_it_back(ulong requests, ulong failures, ulong slow, bool isBad)
    {
        See(requests, failures, slow);

        var status = Next(Begin(), 10);

        Assert.Equal(isBad ? RolloutStatus.RolledBack : RolloutStatus.Progressing, status.Phase);
        Assert.Equal(isBad ? 0 : 10, status.Weight);
    }

    [Fact]
    public void As_many_checks_may_fail_as_the_spec_says()
    {
        var spec = _spec with { Analysis = _spec.Analysis with { MaxFailedChecks = 1 } };
        See(20, 20, 0);
        var status = RolloutJudge.Next(spec, Target, Begin(), _window, Start.AddSeconds(70));
        Assert.Equal((RolloutStatus.Progressing, 0, 1), (status.Phase, status.Step, status.FailedChecks));

        See(20, 20, 0);
        Assert.Equal(RolloutStatus.RolledBack, RolloutJudge.Next(spec, Target, status, _window, Start.AddSeconds(80)).Phase);
    }

    [Fact]
    public void Old_successes_do_not_hide_new_failures()
    {
        See(1000, 0, 0);
        var status = Next(Begin(), 10);

        See(20, 10, 0);

        Assert.Equal(RolloutStatus.RolledBack, Next(status, 20).Phase);
    }

    [Fact]
    public void Paused_it_stays_but_is_rolled_back_all_the_same()
    {
        var paused = _spec with { Paused = true };
        See(100, 0, 0);
        var status = RolloutJudge.Next(paused, Target, Begin(), _window, Start.AddSeconds(600));
        Assert.Equal((RolloutStatus.Paused, 10), (status.Phase, status.Weight));

        Assert.Equal(50, Next(status, 601).Weight);

        See(100, 100, 0);
        Assert.Equal(RolloutStatus.RolledBack, RolloutJudge.Next(paused, Target, status, _window, Start.AddSeconds(601)).Phase);
    }

    [Fact]
    public void A_proxy_that_starts_anew_is_counted_from_its_beginning_and_an_unknown_one_from_now_on()
    {
        See(30, 0, 0);
        Assert.Equal(30, _window.Requests);
        _window.Add("p", new BackendReport(), new BackendCounts { Requests = 7 });
        Assert.Equal(37, _window.Requests);
        _window.Add("other", new BackendReport(), new BackendCounts { Requests = 1000 });
        _window.Add("other", new BackendReport(), new BackendCounts { Requests = 1003 });
        Assert.Equal(40, _window.Requests);
    }

    private RolloutStatus Begin() => RolloutJudge.Begin(_spec, Target, Start);

    private RolloutStatus Next(RolloutStatus status, int second) => RolloutJudge.Next(_spec, Target, status, _window, Start.AddSeconds(second));

    // Buckets: up to 10, 50, 200 ms, and longer.
    private void See(ulong requests, ulong failures, ulong slow)
    {
        _requests += requests;
        _failures += failures;
        _durations[0] += requests - slow;
        _durations[2] += slow;
        var report = new BackendReport { UpperMilliseconds = { 10, 50, 200 } };
        _window.Add("p", report, new BackendCounts { Requests = _requests, Failures = _failures, Durations = { _durations } });
    }
}
