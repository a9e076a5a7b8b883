using FsCheck.Xunit;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model.Policies;
using NodeMesh.Contract;
using NodeMesh.UnitTests.Resources;
using Xunit;

namespace NodeMesh.UnitTests.Compiler.Policies;

/// <summary>Policies as they are written, mistakes included, from their text to what the proxy gets.</summary>
public class PolicyProperties
{
    private const int Tests = 150;

    private const string Services = """
        {apiVersion: v1, kind: Service, metadata: {name: s0, namespace: a}, spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: s1, namespace: b}, spec: {clusterIP: 10.96.0.2, ports: [{name: http, port: 80}]}}
        ---
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r0, namespace: a}, spec: {parentRefs: [{group: '', kind: Service, name: s0}], rules: [{backendRefs: [{name: s0, port: 80}]}]}}
        """;

    [Property(MaxTest = Tests, StartSize = 5, EndSize = 40)]
    public void Each_is_in_force_or_is_said_not_to_be(int[] choices)
    {
        var written = choices.Select((choice, place) => Write(choice, place)).ToList();

        var compiled = Compile(written);

        foreach (var (kind, id, _) in written)
        {
            if (!compiled.PolicyStatuses.TryGetValue($"{kind}/{id}", out var status))
            {
                Assert.Contains(compiled.Problems, problem => (problem.Kind, problem.Id) == (kind, id));
                continue;
            }
            Assert.NotEmpty(status.Targets);
            foreach (var target in status.Targets)
            {
                var accepted = Assert.Single(target.Conditions, condition => condition.Type == RouteCondition.Accepted);
                Assert.True(accepted.Status
                    ? compiled.Content.Policies.Values.Any(scope => IsIn(scope, kind, id))
                    : compiled.Problems.Any(problem => (problem.Kind, problem.Id) == (kind, id)));
            }
        }
    }

    [Property(MaxTest = Tests, StartSize = 5, EndSize = 40)]
    public void One_that_can_not_be_read_harms_no_other(int[] choices)
    {
        var written = choices.Select((choice, place) => Write(choice, place)).ToList();
        var all = Compile(written);

        var readable = Compile([.. written.Where(one => all.PolicyStatuses.ContainsKey($"{one.Kind}/{one.Id}"))]);

        Assert.Equal<KeyValuePair<string, ScopedPolicies>>(readable.Content.Policies, all.Content.Policies);
        Assert.Equal<KeyValuePair<string, PolicyStatus>>(readable.PolicyStatuses, all.PolicyStatuses);
    }

    [Property(MaxTest = Tests, StartSize = 5, EndSize = 60)]
    public void Compiling_what_was_edited_gives_the_same_as_compiling_all(int[] choices)
    {
        var files = new ResourceFiles();
        files.Update([TestResources.Read("services.yaml", Services)], [], []);
        var compiler = new IncrementalCompiler("n1", FailurePolicy.Closed);
        for (var place = 0; place < choices.Length; place++)
        {
            var (kind, id, text) = Write(choices[place], place % 6);
            var path = $"{kind}-{id.Replace('/', '-')}.yaml";
            var set = choices[place] % 4 == 0 ? files.Update([], [path], []) : files.Update([TestResources.Read(path, text, files.Find(path))], [], []);

            CompilerProperties.AssertEqual(MeshCompiler.Compile(set, new NodeContext("n1")), compiler.Compile(set, new NodeContext("n1").ObservedAddresses));
        }
    }

    // Of the choice and its place, which also names it.
    private static (string Kind, string Id, string Text) Write(int choice, int place)
    {
        var random = new Random(unchecked((choice * 1_000_003) + place));
        var kind = RandomPolicyText.Kinds[place % RandomPolicyText.Kinds.Count];
        var home = random.Next(5) switch { < 2 => "a", < 4 => "b", _ => PolicyApi.MeshNamespace };
        var text = new RandomPolicyText(random, hasMistakes: random.Next(2) == 0).Of(kind, home, $"p{place}");
        return (kind, $"{home}/p{place}", text);
    }

    private static Compilation Compile(IReadOnlyList<(string Kind, string Id, string Text)> policies) =>
        MeshCompiler.Compile(TestResources.Parse([("services.yaml", Services), .. policies.Select((policy, place) => ($"{place}.yaml", policy.Text))]), new NodeContext("n1"));

    private static bool IsIn(ScopedPolicies scope, string kind, string id) => kind switch
    {
        PolicyApi.TrafficPolicy => scope.Traffic?.Policy == id,
        PolicyApi.EgressPolicy => scope.Egress?.Policy == id,
        _ => scope.AccessLog?.Policy == id || scope.Tracing?.Policy == id,
    };
}
