using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace NodeMesh.UnitTests.Cni;

public class PluginTests
{
    private const string Captured = """{"outcome":"Captured","reason":""}""";

    [Fact(Timeout = 20_000)]
    public void Add_asks_the_agent_and_passes_the_previous_result_on_unchanged()
    {
        using var agent = new FakeCniAgent(Captured);
        var run = PluginRun.Of("ADD", PluginRun.Configuration(agent.Path));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(PluginRun.Result, run.Output);
        var question = Assert.Single(agent.Questions);
        Assert.Equal("ADD", question.GetProperty("command").GetString());
        Assert.Equal("c0ffee", question.GetProperty("containerId").GetString());
        Assert.Equal("/run/netns/x", question.GetProperty("netns").GetString());
        Assert.Equal("shop", question.GetProperty("podNamespace").GetString());
        Assert.Equal("web-1", question.GetProperty("podName").GetString());
        Assert.Equal("u-1", question.GetProperty("podUid").GetString());
        Assert.Equal(["10.1.2.3"], question.GetProperty("addresses").EnumerateArray().Select(a => a.GetString()));
        Assert.InRange(question.GetProperty("limitMilliseconds").GetInt32(), 1, 9_999);
    }

    [Fact(Timeout = 20_000)]
    public void A_pod_that_is_refused_does_not_start_and_the_operator_reads_why()
    {
        using var agent = new FakeCniAgent("""{"outcome":"Refused","reason":"no proxy is connected"}""");
        var run = PluginRun.Of("ADD", PluginRun.Configuration(agent.Path));

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(100, run.Code);
        Assert.Equal("pod shop/web-1 is not taken into the mesh: no proxy is connected", run.Message);
        Assert.Equal("1.0.0", run.Json.GetProperty("cniVersion").GetString());
    }

    [Fact(Timeout = 20_000)]
    public void By_the_policy_unmeshed_a_pod_starts_without_an_agent_and_leaves_it_a_note()
    {
        using var agent = new FakeCniAgent(Captured);
        var nobody = Path.Combine(Path.GetDirectoryName(agent.Path)!, "nobody.sock");
        var run = PluginRun.Of("ADD", PluginRun.Configuration(nobody, "\"onAgentFailure\":\"unmeshed\""));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(PluginRun.Result, run.Output);
        Assert.Contains("starts unmeshed", run.Log, StringComparison.Ordinal);
        var note = JsonDocument.Parse(File.ReadAllText($"{agent.Missed}/c0ffee")).RootElement;
        Assert.Equal("web-1", note.GetProperty("podName").GetString());
    }

    [Theory(Timeout = 20_000)]
    [InlineData("ADD", "fail", 1)]
    [InlineData("ADD", "unmeshed", 0)]
    [InlineData("CHECK", "fail", 1)]
    [InlineData("STATUS", "fail", 1)]
    [InlineData("STATUS", "unmeshed", 0)]
    [InlineData("DEL", "fail", 0)]
    public void It_never_hangs_on_an_agent_that_does_not_answer(string command, string policy, int exitCode)
    {
        using var agent = new FakeCniAgent(answer: null);
        var started = Stopwatch.GetTimestamp();
        var run = PluginRun.Of(command, PluginRun.Configuration(agent.Path, $"\"timeoutSeconds\":0.5,\"onAgentFailure\":\"{policy}\""));

        Assert.Equal(exitCode, run.ExitCode);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10), "it waited far longer than its limit");
        if (exitCode != 0)
        {
            Assert.Contains("did not answer within 0.5 s", run.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not JSON")]
    [InlineData("""{"cniVersion":"9.9.9","timeoutSeconds":-1}""")]
    public void Del_never_fails(string configuration) => Assert.Equal(0, PluginRun.Of("DEL", configuration).ExitCode);

    [Theory]
    [InlineData("ADD", "not JSON", 6)]
    [InlineData("ADD", "[]", 6)]
    [InlineData("ADD", """{"cniVersion":"0.2.0"}""", 1)]
    [InlineData("ADD", """{"cniVersion":"1.0.0"}""", 7)]
    [InlineData("CHECK", """{"cniVersion":"1.0.0"}""", 7)]
    [InlineData("ADD", """{"cniVersion":"1.0.0","onAgentFailure":"maybe","prevResult":{}}""", 7)]
    [InlineData("ADD", """{"cniVersion":"1.0.0","timeoutSeconds":3600,"prevResult":{}}""", 7)]
    [InlineData("FROBNICATE", """{"cniVersion":"1.0.0"}""", 4)]
    public void What_is_wrong_is_told_by_the_codes_of_the_specification(string command, string configuration, int code)
    {
        var run = PluginRun.Of(command, configuration);
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(code, run.Code);
        Assert.NotEmpty(run.Message);
    }

    [Fact(Timeout = 20_000)]
    public void Pods_of_excluded_namespaces_and_containers_of_no_pod_are_not_asked_about()
    {
        using var agent = new FakeCniAgent("""{"outcome":"Refused","reason":"no"}""");
        Assert.Equal(0, PluginRun.Of("ADD", PluginRun.Configuration(agent.Path, "\"excludeNamespaces\":[\"kube-system\",\"shop\"]")).ExitCode);
        Assert.Equal(0, PluginRun.Of("ADD", PluginRun.Configuration(agent.Path), arguments: "").ExitCode);
        Assert.Empty(agent.Questions);
    }

    [Fact]
    public void Version_lists_every_version_that_knows_chaining()
    {
        var run = PluginRun.Of("VERSION", """{"cniVersion":"1.1.0"}""");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"], run.Json.GetProperty("supportedVersions").EnumerateArray().Select(v => v.GetString()));
    }

    [Fact(Timeout = 20_000)]
    public void Garbage_collection_tells_the_agent_which_containers_still_exist()
    {
        using var agent = new FakeCniAgent("""{"outcome":"Done","reason":""}""");
        var run = PluginRun.Of("GC", PluginRun.Configuration(
            agent.Path, "\"cni.dev/valid-attachments\":[{\"containerID\":\"a\",\"ifname\":\"eth0\"},{\"containerID\":\"b\",\"ifname\":\"eth0\"}]", "1.1.0", result: null));
        Assert.Equal(0, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Equal(["a", "b"], Assert.Single(agent.Questions).GetProperty("containers").EnumerateArray().Select(c => c.GetString()));
    }
}
