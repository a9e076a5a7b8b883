using NodeMesh.Agent.Kernel;
using Xunit;

namespace NodeMesh.UnitTests.Kernel;

public class PodCgroupTests
{
    private const string Uid = "3f0c6a52-8f4b-4c11-9a53-1f2e3d4c5b6a";
    private const string Escaped = "3f0c6a52_8f4b_4c11_9a53_1f2e3d4c5b6a";
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    // containerd
    [InlineData("cgroup v2, systemd", $"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{Escaped}.slice/cri-containerd-{Id}.scope\n")]
    [InlineData("guaranteed pods have no class", $"0::/kubepods.slice/kubepods-pod{Escaped}.slice/cri-containerd-{Id}.scope\n")]
    [InlineData("cgroup v2, cgroupfs", $"0::/kubepods/besteffort/pod{Uid}/{Id}\n")]
    [InlineData("cgroup v1, cgroupfs", $"12:memory:/kubepods/burstable/pod{Uid}/{Id}\n11:cpu,cpuacct:/kubepods/burstable/pod{Uid}/{Id}\n1:name=systemd:/kubepods/burstable/pod{Uid}/{Id}\n0::/\n")]
    [InlineData("cgroup v1, systemd", $"4:pids:/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{Escaped}.slice/docker-{Id}.scope\n")]
    // CRI-O
    [InlineData("CRI-O, systemd", $"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{Escaped}.slice/crio-{Id}.scope/container\n")]
    [InlineData("CRI-O, cgroupfs", $"0::/kubepods/burstable/pod{Uid}/crio-{Id}\n")]
    [InlineData("CRI-O, conmon", $"0::/kubepods.slice/kubepods-pod{Escaped}.slice/crio-conmon-{Id}.scope\n")]
    // Elsewhere
    [InlineData("kubelet with a cgroup root, as in kind", $"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod{Escaped}.slice/cri-containerd-{Id}.scope\n")]
    [InlineData("seen from a cgroup namespace", $"0::/../../kubepods-burstable-pod{Escaped}.slice/cri-containerd-{Id}.scope\n")]
    [InlineData("the app made a cgroup of its own", $"0::/kubepods/burstable/pod{Uid}/{Id}/init.scope/app\n")]
    [InlineData("the pod's own cgroup", $"0::/kubepods/burstable/pod{Uid}\n")]
    public void The_uid_is_read_from_every_layout(string layout, string cgroups) =>
        Assert.True(PodCgroup.Uids(cgroups).SequenceEqual([Uid]), layout);

    [Fact]
    public void A_static_pod_has_the_hash_of_its_file() =>
        Assert.Equal(["41c2f30d4ac4a2d5ac8e9b5a3e5d6f70"], PodCgroup.Uids("0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod41c2f30d4ac4a2d5ac8e9b5a3e5d6f70.slice/cri-containerd-1.scope\n"));

    [Fact]
    public void A_cluster_in_a_pod_has_two() =>
        Assert.Equal(
            [Uid, "aaaaaaaa-0000-4000-8000-000000000001"],
            PodCgroup.Uids($"0::/kubepods/burstable/pod{Uid}/{Id}/kubelet/kubepods/besteffort/podaaaaaaaa-0000-4000-8000-000000000001/{Id}\n"));

    [Theory]
    [InlineData("0::/system.slice/containerd.service\n")]
    [InlineData("0::/user.slice/user-1000.slice/session-1.scope\n")]
    [InlineData("0::/machine.slice/libpod-0123456789abcdef0123456789abcdef.scope\n")]
    [InlineData("0::/kubepods.slice/kubepods-burstable.slice\n")]
    [InlineData("0::/kubepods/burstable/podnot-a-uid/1\n")]
    [InlineData("0::/tripod3f0c6a52-8f4b-4c11-9a53-1f2e3d4c5b6a\n")]
    public void What_is_no_pod_has_none(string cgroups) => Assert.Empty(PodCgroup.Uids(cgroups));
}
