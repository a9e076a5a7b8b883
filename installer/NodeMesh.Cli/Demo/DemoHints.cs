using NodeMesh.Cli.Demo.Mesh;

namespace NodeMesh.Cli.Demo;

/// <summary>What to try by hand while a demo is kept running: command, and what it shows.</summary>
internal static class DemoHints
{
    public static IReadOnlyList<(string Command, string Shows)> For(DemoCast cast, ResourceDirectory resources, Uri admin) =>
    [
        ($"ip netns exec {cast.Frontend.Netns} curl -s http://web/", "a Service by its cluster IP: v1 or v2 answers, as the canary's weight has it"),
        ($"ip netns exec {cast.Frontend.Netns} bash", "a shell in the pod: everything it opens goes through the mesh"),
        ($"rm {resources.RolloutFile}", "the canary is called off: the route's own weights count, and v1 gets everything"),
        ($"sed -i 's/mesh: enabled/mesh: disabled/' {resources.PodFile(cast.Worker)}", "the worker leaves the mesh, and goes on"),
        ($"curl -s {admin}pods", "the pods, and whether the kernel really steers them"),
        ($"curl -s {admin}metrics | grep ^nodemesh_http", "what the table is made of"),
    ];
}
