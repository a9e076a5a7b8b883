using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Rollouts;
using NodeMesh.Contract;
using NodeMesh.UnitTests.Compiler;
using NodeMesh.UnitTests.Resources;
using Xunit;

namespace NodeMesh.UnitTests.Rollouts;

/// <summary>The driver with a real compiler and a file, and proxies that report what the test says.</summary>
public sealed class RolloutDriverTests : IDisposable
{
    private const string Yaml = """
        {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: v2, namespace: shop}, spec: {clusterIP: 10.96.0.3, ports: [{name: http, port: 80}]}}
        ---
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: shop}, spec: {
          parentRefs: [{group: '', kind: Service, name: web}], rules: [{name: all, backendRefs: [{name: web, port: 80}]}]}}
        ---
        {apiVersion: nodemesh.io/v1alpha1, kind: Rollout, metadata: {name: p, namespace: shop}, spec: {
          targetRef: {group: gateway.networking.k8s.io, kind: HTTPRoute, name: web}, stable: {name: web, port: 80}, canary: {name: v2, port: 80},
          steps: [{weight: 10, hold: 1ms}, {weight: 50, hold: 1ms}], analysis: {minRequests: 5, interval: 1s}}}
        """;

    private readonly string _path = Path.GetTempFileName();
    private readonly ResourceSet _declared = TestResources.Parse(Yaml);
    private ulong _requests;

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Decisions_outlive_the_driver_that_made_them_and_go_with_the_rollout()
    {
        var node = new NodeUnderTest(this);
        Assert.Equal(0, node.Weight);
        node.Look(0, 0);
        Assert.Equal(10, node.Weight);

        var next = new NodeUnderTest(this);
        Assert.Equal(10, next.Weight);
        next.Look(0, 0); // it hears of the proxy for the first time
        next.Look(10, 10);
        Assert.Equal((RolloutStatus.RolledBack, 0), (next.Status.Phase, next.Weight));

        var last = new NodeUnderTest(this);
        Assert.Equal((RolloutStatus.RolledBack, 0), (last.Status.Phase, last.Weight));
        last.Look(100, 0);
        Assert.Equal(RolloutStatus.RolledBack, last.Status.Phase);

        last.Advance(_declared with { Rollouts = _declared.Rollouts.Clear() });
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public void What_stands_as_status_in_a_file_of_the_user_means_nothing()
    {
        var forged = _declared.Rollouts["shop/p"] with { Status = new RolloutStatus { Phase = RolloutStatus.Promoted, Weight = 100 } };
        var driver = new RolloutDriver(new RolloutFile(_path), TimeProvider.System, NullLogger.Instance);

        Assert.Null(driver.Place(_declared with { Rollouts = _declared.Rollouts.SetItem("shop/p", forged) }).Rollouts["shop/p"].Status);
    }

    [Fact]
    public void What_did_not_change_stays_the_same_instance()
    {
        var node = new NodeUnderTest(this);
        node.Look(0, 0);

        Assert.Same(node.Compile().Content.Routes["shop/web"], node.Compile().Content.Routes["shop/web"]);
    }

    private sealed class NodeUnderTest(RolloutDriverTests test)
    {
        private readonly RolloutDriver _driver = new(new RolloutFile(test._path), TimeProvider.System, NullLogger.Instance);
        private readonly IncrementalCompiler _compiler = new("n1", FailurePolicy.Closed);

        public int Weight => (int)Compile().Content.Routes["shop/web"].Tables.Single().Rules.Single().Backends[1].Weight;

        public RolloutStatus Status => _driver.StatusOf(Compile().Rollouts["shop/p"])!;

        public Compilation Compile() => _compiler.Compile(_driver.Place(test._declared), TestMesh.Observed());

        public void Advance(ResourceSet declared) => _driver.Advance(_compiler.Compile(_driver.Place(declared), TestMesh.Observed()).Rollouts, []);

        public void Look(ulong requests, ulong failures)
        {
            test._requests += requests;
            var counts = new BackendCounts { Route = "shop/web", Rule = "all", Service = "shop/v2", Port = 80, Requests = test._requests, Failures = failures };
            var compiled = Compile();
            for (var turn = 0; turn < 100 && !_driver.IsDue(compiled.Rollouts); turn++)
            {
                Thread.Sleep(20);
            }
            _driver.Advance(compiled.Rollouts, [("proxy", new BackendReport { Backends = { counts } })]);
        }
    }
}
