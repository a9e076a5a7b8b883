using System.Net;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.WebConsole;

/// <summary>A small shop with a canary and a policy, whose agent has a console with a token, and listens on all its addresses.</summary>
public sealed class ConsoleShop : IAsyncLifetime
{
    public const string Token = "a-token-of-the-tests-0123456789";
    public const string Address = "http://127.0.0.1:15020/console/";

    public SmallShop Shop { get; private set; } = null!;

    public string TokenFile { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Shop = await SmallShop.CreateAsync("ebpf", startAgent: false);
        var resources = Shop.Mesh.Resources;
        resources.Pod(Shop.Webs[0], app: "v1");
        resources.Pod(Shop.Webs[1], app: "v2");
        resources.Service("v1", "v1", [IPAddress.Parse("10.96.0.81")], "name: http, port: 80, targetPort: 8080");
        resources.Service("v2", "v2", [IPAddress.Parse("10.96.0.82")], "name: http, port: 80, targetPort: 8080");
        resources.Write("route", Route("{name: v1, port: 80, weight: 3}, {name: v2, port: 80, weight: 1}"));
        resources.Write("fault", """
            {apiVersion: nodemesh.io/v1alpha1, kind: FaultPolicy, metadata: {name: brittle, namespace: default}, spec: {
              targetRefs: [{kind: Service, name: v1}], faults: [{matches: [{headers: [{name: x-fail, value: "1"}]}], abort: {httpStatus: 503}}]}}
            """);
        TokenFile = $"{Shop.Agent.State}-token";
        Directory.CreateDirectory(Path.GetDirectoryName(TokenFile)!);
        await File.WriteAllTextAsync(TokenFile, $"{Token}\n");
        await Shop.Agent.StartAsync("--admin", "0.0.0.0:15020", "--console-token", TokenFile);
        await Shop.CallAsync();
    }

    public static string Route(string backends) => $$"""
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: default}, spec: {
          parentRefs: [{group: '', kind: Service, name: web, port: 80}], rules: [ { name: all, backendRefs: [ {{backends}} ] } ] } }
        """;

    public ValueTask DisposeAsync() => Shop.DisposeAsync();
}

[CollectionDefinition("console")]
public sealed class ConsoleShopOfAll : ICollectionFixture<ConsoleShop>;
