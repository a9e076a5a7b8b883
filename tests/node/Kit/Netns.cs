namespace NodeMesh.NodeTests.Kit;

/// <summary>A named network namespace with lo up; what runs in it dies with it.</summary>
public sealed class Netns : IAsyncDisposable
{
    private Netns(string name) => Name = name;

    public string Name { get; }

    public static async Task<Netns> CreateAsync(string name)
    {
        await Commands.RunAsync("ip", "netns", "add", name);
        await Commands.IpAsync(name, "link set lo up");
        var netns = new Netns(name);
        // Duplicate address detection would make every IPv6 address useless for its first second.
        await netns.SetAsync("net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0");
        return netns;
    }

    public Task<string> SetAsync(params string[] sysctls) => ExecAsync(["sysctl", "-qw", .. sysctls]);

    public Task<string> ExecAsync(params string[] command) => Commands.RunAsync(Inside(command));

    /// <summary>Not `ip netns exec`, which would hide the cgroup and bpf file systems behind a new /sys.</summary>
    public string[] Inside(params string[] command) => ["nsenter", $"--net=/run/netns/{Name}", "--", .. command];

    public static async Task DeleteAsync(string name)
    {
        var pids = await Commands.TryAsync("ip", "netns", "pids", name);
        foreach (var pid in pids.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Kernel.Libc.Signal(int.Parse(pid), Kernel.Libc.SIGKILL);
        }
        await Commands.TryAsync("ip", "netns", "del", name);
    }

    public async ValueTask DisposeAsync() => await DeleteAsync(Name);
}
