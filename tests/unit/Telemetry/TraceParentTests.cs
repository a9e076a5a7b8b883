using NodeMesh.Contract;
using NodeMesh.Proxy.Telemetry.Tracing;
using Xunit;

namespace NodeMesh.UnitTests.Telemetry;

public class TraceParentTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Span = "b7ad6b7169203331";
    private const string Sampled = $"00-{Trace}-{Span}-01";

    [Theory]
    [InlineData(Sampled, true)]
    [InlineData($"00-{Trace}-{Span}-00", false)]
    [InlineData($"00-{Trace}-{Span}-03", true)]
    [InlineData($"cc-{Trace}-{Span}-01", true)] // of a version to come
    [InlineData($"cc-{Trace}-{Span}-01-what-follows", true)]
    public void A_trace_is_joined(string header, bool isSampled)
    {
        var parent = TraceParent.Parse(header);

        Assert.Equal((Trace, Span, isSampled), (parent!.Value.TraceId, parent.Value.SpanId, parent.Value.IsSampled));
    }

    [Theory]
    [InlineData("")]
    [InlineData($"ff-{Trace}-{Span}-01")]
    [InlineData($"00-{Trace}-{Span}-01-x")]
    [InlineData($"cc-{Trace}-{Span}-01.x")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData($"00-{Trace}-0000000000000000-01")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    [InlineData($"00-{Trace}-{Span}-0")]
    [InlineData($"00-{Trace}-{Span}-zz")]
    [InlineData($"00_{Trace}_{Span}_01")]
    [InlineData($"00-{Trace}-{Span}-01\r\n")]
    public void What_is_no_traceparent_is_none(string header) => Assert.Null(TraceParent.Parse(header));

    [Theory]
    [InlineData("b3", $"{Trace}-{Span}-1", Trace, true, true)]
    [InlineData("b3", $"{Trace}-{Span}-0-1234567890abcdef", Trace, true, false)]
    [InlineData("b3", $"{Trace}-{Span}-d", Trace, true, true)]
    [InlineData("b3", $"8448eb211c80319c-{Span}", "00000000000000008448eb211c80319c", false, false)]
    [InlineData("b3", "0", null, false, false)]
    [InlineData("b3", "nonsense-too-1", null, false, false)]
    [InlineData("x-b3-sampled", "1", Trace, true, true)]
    [InlineData("x-b3-sampled", "0", Trace, true, false)]
    [InlineData("x-b3-flags", "1", Trace, true, true)]
    [InlineData("x-other", "1", Trace, false, false)]
    public void B3_is_read_too(string name, string value, string? trace, bool isDecided, bool isSampled)
    {
        var fields = new Dictionary<string, string> { [name] = value };
        if (name != "b3")
        {
            (fields["x-b3-traceid"], fields["x-b3-spanid"]) = (Trace, Span);
        }
        var parent = TraceParent.Of(fields.GetValueOrDefault);

        Assert.Equal(trace, parent?.TraceId);
        Assert.Equal((isDecided, isSampled), (parent?.IsDecided ?? false, parent?.IsSampled ?? false));
    }

    [Fact]
    public void A_request_that_is_part_of_no_trace_begins_one_by_chance()
    {
        var random = new Random(1);
        var contexts = Enumerable.Range(0, 1_000).Select(_ => TraceContext.Begin(new TracingRules { PerMillion = 250_000 }, _ => null, isInbound: false, random)!).ToList();

        Assert.InRange(contexts.Count(context => context.IsSampled), 200, 300);
        Assert.Distinct(contexts.Select(context => context.TraceId));
        // What is not sampled here shall not be anywhere.
        Assert.All(contexts, context => Assert.Equal($"00-{context.TraceId}-{context.ClientSpanId}-0{(context.IsSampled ? 1 : 0)}", context.HeaderFor(entersPod: false)));
    }

    [Fact]
    public void Whether_a_trace_is_sampled_was_decided_where_it_began()
    {
        var never = new TracingRules { PerMillion = 0 };
        var always = new TracingRules { PerMillion = 1_000_000 };

        Assert.True(Begin(never, Sampled)!.IsSampled);
        Assert.Null(Begin(always, $"00-{Trace}-{Span}-00"));
        Assert.True(Begin(always, "nonsense")!.IsSampled);
        Assert.False(Begin(never, "nonsense")!.IsSampled);
    }

    [Fact]
    public void Between_two_pods_of_a_node_there_are_the_spans_of_both_sides()
    {
        var local = Begin(new TracingRules(), Sampled)!;
        Assert.Equal($"00-{Trace}-{local.ServerSpanId}-01", local.HeaderFor(entersPod: true));
        Assert.True(local.HasServerSide);
        Assert.Equal($"00-{Trace}-{local.ClientSpanId}-01", local.HeaderFor(entersPod: false)); // a retry elsewhere
        Assert.False(local.HasServerSide);

        var inbound = TraceContext.Begin(new TracingRules(), name => name == "traceparent" ? Sampled : null, isInbound: true, new Random(1))!;
        Assert.Null(inbound.ClientSpanId);
        Assert.Equal($"00-{Trace}-{inbound.ServerSpanId}-01", inbound.HeaderFor(entersPod: true));
    }

    private static TraceContext? Begin(TracingRules rules, string traceParent) =>
        TraceContext.Begin(rules, name => name == "traceparent" ? traceParent : null, isInbound: false, new Random(1));
}
