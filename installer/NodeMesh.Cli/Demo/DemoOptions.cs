namespace NodeMesh.Cli.Demo;

/// <param name="Keep">Go on until interrupted.</param>
/// <param name="Duration">How long the table is shown after enrolment, when not <paramref name="Keep"/>.</param>
/// <param name="Capture">auto, ebpf or iptables: handed to the agent.</param>
/// <param name="Programs">The directory that holds nodemesh-agent and nodemesh-proxy.</param>
internal sealed record DemoOptions(bool Keep, TimeSpan Duration, string Capture, string Programs)
{
    public string Agent => Path.Combine(Programs, "nodemesh-agent");

    public string Proxy => Path.Combine(Programs, "nodemesh-proxy");
}
