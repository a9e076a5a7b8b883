using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Contract;

namespace NodeMesh.UnitTests.Compiler.Routes;

/// <summary>Three Services of namespace shop and the routes under test, as YAML.</summary>
internal static class RouteYaml
{
    public const string Services = """
        {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.96.0.1, ports: [
          {name: http, port: 80}, {name: http-alt, port: 8080}, {name: grpc, port: 7070}, {name: tls, port: 443}, {name: tcp, port: 9090}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: web-v1, namespace: shop}, spec: {clusterIP: 10.96.0.2, ports: [{name: http, port: 80}, {name: tcp, port: 9090}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: web-v2, namespace: shop}, spec: {clusterIP: 10.96.0.3, ports: [{name: http, port: 80}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: headless, namespace: shop}, spec: {clusterIP: None, ports: [{port: 80}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: elsewhere, namespace: shop}, spec: {type: ExternalName, ports: [{port: 80}]}}

        """;

    public const string ToV1 = "backendRefs: [{name: web-v1, port: 80}]";

    /// <param name="rules">In flow style, without the brackets.</param>
    public static string Route(
        string rules, string name = "r", string ns = "shop", string parent = "{group: '', kind: Service, name: web, port: 80}", string kind = "HTTPRoute", string metadata = "", string spec = "") => $$"""

        ---
        {apiVersion: gateway.networking.k8s.io/v1, kind: {{kind}}, metadata: {name: {{name}}, namespace: {{ns}}, generation: 7{{Also(metadata)}}}, spec: {parentRefs: [{{parent}}], rules: [{{rules}}]{{Also(spec)}} } }

        """;

    public static Compilation Compile(params string[] routes) => TestMesh.Compile(Services + string.Concat(routes));

    public static RouteTable Table(Compilation compilation, int port = 80, string consumer = "") =>
        compilation.Content.Routes["shop/web"].Tables.Single(table => table.Port == port && table.ConsumerNamespace == consumer);

    /// <summary>Of the only parent of the route named r.</summary>
    public static RouteCondition? Condition(Compilation compilation, string type, string route = "HTTPRoute/shop/r") =>
        compilation.RouteStatuses[route].Parents.Single().Conditions.SingleOrDefault(condition => condition.Type == type);

    /// <summary>The rules in the order in which matches are tried, by name.</summary>
    public static IEnumerable<string> Order(RouteTable table) => table.Matches.Select(match => table.Rules[(int)match.Rule].Name);

    private static string Also(string text) => text.Length == 0 ? "" : $", {text}";
}
