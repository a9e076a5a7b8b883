using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Contract;

namespace NodeMesh.UnitTests.Compiler.Policies;

/// <summary>A Service and a route of namespace shop, and the policies under test, as YAML.</summary>
internal static class PolicyYaml
{
    public const string Shop = """
        {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}, {name: admin, port: 8080}]}}
        ---
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: shop}, spec: {
          parentRefs: [{group: '', kind: Service, name: web}], rules: [{name: first, backendRefs: [{name: web, port: 80}]}]}}

        """;

    public const string ToWeb = "{kind: Service, name: web}";
    public const string ToWebAdmin = "{kind: Service, name: web, sectionName: admin}";
    public const string ToShop = "{kind: Namespace, name: shop}";
    public const string ToMesh = "{group: nodemesh.io, kind: Mesh, name: mesh}";
    public const string ToRoute = "{group: gateway.networking.k8s.io, kind: HTTPRoute, name: web}";

    public const string Fault = "faults: [{abort: {httpStatus: 503}}]";

    public static string Policy(string kind, string spec, string target = ToWeb, string name = "p", string ns = "shop", string metadata = "") => $$"""

        ---
        {apiVersion: nodemesh.io/v1alpha1, kind: {{kind}}, metadata: {name: {{name}}, namespace: {{ns}}, generation: 3{{(metadata.Length == 0 ? "" : $", {metadata}")}}}, spec: {targetRefs: [{{target}}], {{spec}} } }

        """;

    public static Compilation Compile(params string[] policies) => TestMesh.Compile(Shop + string.Concat(policies));

    public static ScopedPolicies Scope(this Compilation compilation, string scope) => compilation.Content.Policies[scope];

    public static RouteCondition Accepted(this Compilation compilation, string key) =>
        compilation.PolicyStatuses[key].Targets.Single().Conditions.Single(condition => condition.Type == RouteCondition.Accepted);
}
