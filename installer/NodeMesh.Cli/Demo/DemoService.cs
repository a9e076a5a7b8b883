using System.Net;

namespace NodeMesh.Cli.Demo;

/// <param name="App">The pods behind it: those with this label app.</param>
/// <param name="Version">And with this label version; empty: with any.</param>
/// <param name="TargetPort">0: the same as the port.</param>
internal sealed record DemoService(string Name, string App, IPAddress ClusterIp, int Port, string AppProtocol, string Version = "", int TargetPort = 0);
