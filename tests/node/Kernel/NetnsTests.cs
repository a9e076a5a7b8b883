using System.Net;
using NodeMesh.Agent.Kernel;
using NodeMesh.NodeTests.Capture;
using Xunit;

namespace NodeMesh.NodeTests.Kernel;

public sealed class NetnsTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_namespace_opens_by_name_and_by_path()
    {
        await using var pods = await LinkedPods.CreateAsync();
        using var byName = Netns.Open(pods.PodName);
        using var byPath = Netns.Open($"/run/netns/{pods.PodName}");

        Assert.Equal(pods.Pod.Cookie, Netns.Cookie(byName));
        Assert.Equal(pods.Pod.Cookie, Netns.Cookie(byPath));
        Assert.NotEqual(pods.Pod.Cookie, Netns.Cookie(pods.Client));
    }

    [Fact]
    public void A_file_that_is_no_network_namespace_is_refused()
    {
        var leftBehind = Path.GetTempFileName();
        try
        {
            Assert.Contains("is not a network namespace", Assert.Throws<IOException>(() => Netns.Open(leftBehind)).Message);
            Assert.Contains("is not a network namespace", Assert.Throws<IOException>(() => Netns.Open("/proc/self/ns/mnt")).Message);
            Assert.Throws<IOException>(() => Netns.Open("../../etc/passwd"));
            Assert.Contains("nmnet-none", Assert.Throws<KernelException>(() => Netns.Open("nmnet-none")).Message);
        }
        finally
        {
            File.Delete(leftBehind);
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task The_hosts_namespace_is_known_by_whatever_path_it_is_opened()
    {
        await using var pods = await LinkedPods.CreateAsync();
        using var own = Netns.Open("/proc/self/ns/net");
        using var thread = Netns.Open($"/proc/{Environment.ProcessId}/task/{Environment.ProcessId}/ns/net");

        Assert.True(Netns.IsHost(own));
        Assert.True(Netns.IsHost(thread));
        Assert.False(Netns.IsHost(pods.Pod.Netns));
    }

    [Fact(Timeout = 20_000)]
    public async Task Global_addresses_of_both_families_are_found()
    {
        await using var pods = await LinkedPods.CreateAsync();

        Assert.Equal([LinkedPods.PodV4, LinkedPods.PodV6], Netns.Addresses(pods.Pod.Netns));
        Assert.Contains(IPAddress.Parse("192.0.2.10"), Netns.Addresses(pods.Client));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_thread_comes_back_from_a_namespace_even_when_the_work_throws()
    {
        await using var pods = await LinkedPods.CreateAsync();
        var home = new FileInfo("/proc/thread-self/ns/net").LinkTarget;

        Assert.Throws<FormatException>(() => Netns.Run(pods.Pod.Netns, () =>
        {
            Assert.NotEqual(home, new FileInfo("/proc/thread-self/ns/net").LinkTarget);
            Netns.Run(pods.Client, () => { });
            Assert.NotEqual(home, new FileInfo("/proc/thread-self/ns/net").LinkTarget);
            throw new FormatException();
        }));

        Assert.Equal(home, new FileInfo("/proc/thread-self/ns/net").LinkTarget);
    }

    [Fact(Timeout = 20_000)]
    public async Task Whether_lo_has_IPv6_is_the_namespaces_own_matter()
    {
        await using var pods = await LinkedPods.CreateAsync();
        await pods.InPodAsync("sysctl -q -w net.ipv6.conf.lo.disable_ipv6=1");

        Assert.False(Netns.LoopbackHasIPv6(pods.Pod.Netns));
        Assert.True(Netns.LoopbackHasIPv6(pods.Client));
    }
}
