using NodeMesh.Contract;
using NodeMesh.Proxy.HealthChecking;
using Xunit;

namespace NodeMesh.UnitTests.HealthChecking;

public class EndpointHealthTests
{
    private static readonly HealthCheckRules Rules = new() { HealthyThreshold = 2, UnhealthyThreshold = 3 };

    [Theory]
    [InlineData("-", "1")]
    [InlineData("+", "0")]
    [InlineData("+---", "0001")]
    [InlineData("+--+---", "0000001")]
    [InlineData("-++", "110")]
    [InlineData("-+-++", "11110")]
    public void The_first_check_decides_at_once_and_later_ones_when_enough_agree(string checks, string unwell)
    {
        var health = new EndpointHealth();
        var seen = "";
        var before = false;
        foreach (var check in checks)
        {
            Assert.Equal(health.Take(check == '+', Rules), health.IsUnwell != before);
            before = health.IsUnwell;
            seen += before ? '1' : '0';
        }

        Assert.Equal(unwell, seen);
    }
}
