using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Lifecycle;

public sealed class Repair
{
    public static TheoryData<string, string[]> Damage => new()
    {
        { "ebpf", ["ip", "rule", "del", "pref", "50"] },
        { "ebpf", ["ip", "route", "flush", "table", "100"] },
        { "ebpf", ["sysctl", "-qw", "net.ipv4.tcp_fwmark_accept=0"] },
        { "iptables", ["ip", "rule", "del", "pref", "50"] },
        { "iptables", ["iptables", "-t", "mangle", "-F"] },
    };

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Damage))]
    public async Task What_someone_else_removed_from_a_pod_is_noticed_and_put_back(string capture, string[] damage)
    {
        await using var shop = await SmallShop.CreateAsync(capture);
        var whole = await RulesAsync(shop.Client);

        await shop.Client.ExecAsync(damage);
        // Not by looking: it may be whole again before anybody has looked.
        await Eventually.TrueAsync("the agent noticed", () => Task.FromResult(shop.Agent.Process.Output.Contains("was no longer captured", StringComparison.Ordinal)));

        await Eventually.EqualAsync("the rules are whole again", whole, () => RulesAsync(shop.Client), TimeSpan.FromSeconds(20));
        await shop.Agent.CapturedAsync(shop.Client);
        await shop.CallAsync();
    }

    private static async Task<string> RulesAsync(TestPod pod) =>
        await pod.ExecAsync("ip", "rule") + await pod.ExecAsync("ip", "route", "show", "table", "all")
        + await pod.ExecAsync("iptables", "-t", "mangle", "-S") + await pod.ExecAsync("sysctl", "net.ipv4.tcp_fwmark_accept", "net.ipv4.fwmark_reflect");
}
