using System.Reflection;
using ArchUnitNET.Fluent;
using ArchUnitNET.Loader;
using NodeMesh.Agent.Resources;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using Xunit;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace NodeMesh.UnitTests;

/// <summary>The directions in which code may depend on code. DESIGN's picture, kept true.</summary>
public class ArchitectureTests
{
    private const string Edges = @"^(Microsoft\.AspNetCore\.|Yarp\.|System\.Net\.Sockets\.(Socket|NetworkStream|SafeSocketHandle|TcpClient|TcpListener)$)";

    private static readonly Assembly Contract = typeof(SnapshotDelta).Assembly;
    private static readonly Assembly Agent = typeof(ResourceSet).Assembly;
    private static readonly Assembly Proxy = typeof(Downstream).Assembly;

    private static readonly ArchUnitNET.Domain.Architecture Architecture = new ArchLoader().LoadAssemblies(Contract, Agent, Proxy).Build();

    [Fact]
    public void Agent_and_proxy_share_the_contract_alone()
    {
        string[] ours(Assembly assembly) =>
            [.. assembly.GetReferencedAssemblies().Select(name => name.Name!).Where(name => name.StartsWith("nodemesh", StringComparison.OrdinalIgnoreCase))];

        Assert.Empty(ours(Contract));
        Assert.Equal(["NodeMesh.Contract"], ours(Agent));
        Assert.Equal(["NodeMesh.Contract"], ours(Proxy));
    }

    [Theory]
    [InlineData("Discovery")]
    [InlineData("Routing")]
    [InlineData("Balancing")]
    public void Code_that_decides_knows_neither_the_HTTP_engine_nor_sockets(string folder) => AssertHolds(
        // But for the one that fetches the snapshot from the agent.
        Types().That().HaveFullNameMatching($@"^NodeMesh\.Proxy\.{folder}\.(?!ConfigClient)").Should().NotDependOnAny(
            Types(includeReferenced: true).That().HaveFullNameMatching(Edges)));

    [Theory]
    [InlineData("Resources", "Compiler|Capture|Kernel|Pods|Serving")]
    [InlineData("Compiler", "Kernel|Pods|Serving")]
    public void What_the_agent_compiles_knows_nothing_of_the_node(string folder, string others) => AssertHolds(
        Types().That().ResideInNamespaceMatching($@"^NodeMesh\.Agent\.{folder}(\.|$)").Should().NotDependOnAny(
            Types().That().ResideInNamespaceMatching($@"^NodeMesh\.Agent\.({others})(\.|$)")).WithoutRequiringPositiveResults());

    [Fact]
    public void Native_calls_are_made_in_Kernel_folders_alone()
    {
        const BindingFlags all = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var natives =
            from assembly in new[] { Contract, Agent, Proxy }
            from type in assembly.GetTypes()
            from method in type.GetMethods(all)
            where method.Attributes.HasFlag(MethodAttributes.PinvokeImpl)
            select type;

        Assert.NotEmpty(natives);
        Assert.DoesNotContain(natives, type => !$"{type.Namespace}.".Contains(".Kernel.", StringComparison.Ordinal));
    }

    private static void AssertHolds(IArchRule rule)
    {
        var violations = rule.Evaluate(Architecture).Where(result => !result.Passed).Select(result => result.Description).ToList();
        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }
}
