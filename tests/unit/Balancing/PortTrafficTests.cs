using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using Xunit;

namespace NodeMesh.UnitTests.Balancing;

/// <summary>How much may be under way to one Service port.</summary>
public class PortTrafficTests
{
    private readonly PortTraffic _port = new();
    private readonly EndpointLoad _endpoint;

    public PortTrafficTests() => _endpoint = new EndpointLoad(0, _port);

    [Fact]
    public void The_circuit_opens_at_its_limit_and_closes_as_soon_as_there_is_room()
    {
        Apply(new TrafficRules { MaxRequests = 2, MaxConnections = 3 });
        var leases = Enumerable.Range(0, 2).Select(_ => EndpointLease.Begin(_endpoint, TimeProvider.System)).ToList();

        Assert.True(_port.IsOpen(isRequest: true, holdsConnection: false));
        Assert.False(TryBegin(isRequest: true, out _));
        Assert.False(_port.IsOpen(isRequest: false, holdsConnection: true));
        Assert.True(TryBegin(isRequest: false, out var connection));
        Assert.False(TryBegin(isRequest: false, out _));

        connection.End();
        leases[0].End();
        Assert.True(TryBegin(isRequest: true, out _));
    }

    [Theory]
    [InlineData(3, 0, true)]
    [InlineData(0, 3, true)]
    [InlineData(0, 3, false)]
    public async Task No_limit_is_passed_by_those_who_come_at_the_same_time(uint requests, uint connections, bool isRequest)
    {
        Apply(new TrafficRules { MaxRequests = requests, MaxConnections = connections });
        var gate = new Lock();
        var (underWay, most) = (0, 0);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var turn = 0; turn < 20_000; turn++)
            {
                if (TryBegin(isRequest, out var lease))
                {
                    Count(1);
                    Count(-1);
                    lease.End();
                }
            }
        })));

        Assert.InRange(most, 1, 3);
        Assert.Equal((0, 0), (_port.UnderWay, _endpoint.Pending));

        void Count(int change)
        {
            lock (gate)
            {
                underWay += change;
                most = Math.Max(most, underWay);
            }
        }
    }

    private bool TryBegin(bool isRequest, out EndpointLease lease) => EndpointLease.TryBegin(_endpoint, TimeProvider.System, isRequest, holdsConnection: true, out lease);

    private void Apply(TrafficRules rules) => _port.Apply(rules, tls: null, service: null, [_endpoint]);
}
