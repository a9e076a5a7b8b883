using System.Net;
using NodeMesh.Proxy.Detection;
using Xunit;

namespace NodeMesh.UnitTests.Detection;

public sealed class PortMemoryTests
{
    private static IPEndPoint Port(int port) => new(IPAddress.Parse("10.0.0.1"), port);

    [Fact]
    public void An_unknown_port_is_undecided() => Assert.Equal(Verdict.Undecided, new PortMemory().Recall(Port(1)));

    [Fact]
    public void What_was_learned_last_counts()
    {
        var memory = new PortMemory();
        memory.Learn(Port(1), Verdict.Http1);
        memory.Learn(Port(1), Verdict.Opaque);

        Assert.Equal(Verdict.Opaque, memory.Recall(Port(1)));
        Assert.Equal(1, memory.Count);
    }

    [Fact]
    public void The_port_not_asked_for_longest_is_forgotten_first()
    {
        var memory = new PortMemory(capacity: 2);
        memory.Learn(Port(1), Verdict.Http1);
        memory.Learn(Port(2), Verdict.Http1);
        memory.Recall(Port(1));
        memory.Learn(Port(3), Verdict.Http1);

        Assert.Equal(2, memory.Count);
        Assert.Equal(Verdict.Http1, memory.Recall(Port(1)));
        Assert.Equal(Verdict.Undecided, memory.Recall(Port(2)));
    }
}
