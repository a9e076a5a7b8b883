using System.Collections.Immutable;
using System.Net;
using NodeMesh.Agent.Compiler;
using NodeMesh.Contract;
using NodeMesh.UnitTests.Resources;

namespace NodeMesh.UnitTests.Compiler;

/// <summary>Compiles YAML as node n1 does.</summary>
internal static class TestMesh
{
    public static Compilation Compile(string yaml, params (string Pod, string[] Addresses)[] observed) =>
        MeshCompiler.Compile(TestResources.Parse(yaml), new NodeContext("n1") { ObservedAddresses = Observed(observed) });

    public static ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> Observed(params (string Pod, string[] Addresses)[] observed) =>
        new NodeContext("n1").ObservedAddresses.AddRange(observed.Select(entry =>
            KeyValuePair.Create<string, IReadOnlyList<IPAddress>>(entry.Pod, [.. entry.Addresses.Select(IPAddress.Parse)])));

    /// <summary>A pod of node n1 with an address.</summary>
    public static string Pod(string name, string address, string metadata = "", string spec = "", string status = "") => $$"""

        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, labels: {app: web}, annotations: {nodemesh.io/netns: {{name}}}{{Also(metadata)}}}
        spec: {nodeName: n1{{Also(spec)}}}
        status: {podIP: {{address}}{{Also(status)}}}

        """;

    /// <summary>A Service that selects app: web.</summary>
    public static string Service(string ports, string spec = "clusterIP: 10.96.0.1", string metadata = "", string name = "web") => $$"""

        ---
        apiVersion: v1
        kind: Service
        metadata: {name: {{name}}{{Also(metadata)}}}
        spec: {selector: {app: web}, ports: [{{ports}}]{{Also(spec)}}}

        """;

    /// <summary>Of the only port of the only Service: address:port, with ! where it is not ready.</summary>
    public static IEnumerable<string> Endpoints(Compilation compilation) => compilation.Content.Services.Values.Single().Ports.Single().Endpoints.Select(Show);

    public static string Show(Endpoint endpoint) => $"{endpoint.Address}:{endpoint.Port}{(endpoint.Ready ? "" : "!")}";

    private static string Also(string text) => text.Length == 0 ? "" : $", {text}";
}
