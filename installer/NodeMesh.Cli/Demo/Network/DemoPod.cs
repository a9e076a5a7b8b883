using System.Net;

namespace NodeMesh.Cli.Demo.Network;

/// <summary>A pod of the demo: a network namespace with one address.</summary>
/// <param name="App">Label app: what a Service selects.</param>
/// <param name="Netns">The namespace's name under /run/netns.</param>
internal sealed record DemoPod(string Name, string App, string Version, IPAddress Address, string Netns);
