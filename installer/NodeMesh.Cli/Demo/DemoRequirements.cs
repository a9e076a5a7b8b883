namespace NodeMesh.Cli.Demo;

/// <summary>What must be there before anything is made. The kernel is the agent's to judge.</summary>
internal static class DemoRequirements
{
    // The command, and the Debian package that brings it.
    private static readonly (string Command, string Package)[] _commands =
    [
        ("ip", "iproute2"),
        ("setsid", "util-linux"),
        ("nginx", "nginx"),
        ("redis-server", "redis-server"),
    ];

    /// <exception cref="DemoException">Something is missing: the first thing, and the remedy.</exception>
    public static void Check(DemoOptions options)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new DemoException("it steers traffic with the Linux kernel: run it on a Linux machine.");
        }
        if (!Environment.IsPrivilegedProcess)
        {
            throw new DemoException("it makes network namespaces and loads eBPF programs, which only root may: run it with sudo.");
        }
        foreach (var (command, package) in _commands)
        {
            if (!IsOnPath(command))
            {
                throw new DemoException($"'{command}' is missing: install it with 'apt-get install {package}', or run 'make demo', which does.");
            }
        }
        foreach (var program in new[] { options.Agent, options.Proxy })
        {
            if (!File.Exists(program))
            {
                throw new DemoException($"{program} is missing: run 'make build', or say with --programs where it is.");
            }
        }
    }

    // sbin may not be on the PATH of a root shell that sudo or su made; PodProcess and Shell look there as well.
    private static bool IsOnPath(string command) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Any(directory => File.Exists(Path.Combine(directory, command)));
}
