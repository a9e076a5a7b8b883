using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture.Ebpf;

/// <summary>Finds out whether the kernel can capture by eBPF: loads the very programs, attaches nothing, leaves nothing.</summary>
internal static class EbpfProbe
{
    private const string KernelTypes = "/sys/kernel/btf/vmlinux";

    public static ProbeResult Run()
    {
        try
        {
            var root = CgroupRoot.Find();
            if (!File.Exists(KernelTypes))
            {
                return new(ProbeOutcome.NotThere, $"the kernel does not describe its types ({KernelTypes}); it must be built with CONFIG_DEBUG_INFO_BTF=y");
            }
            using var node = NodeHooks.OpenObject(TimeSpan.Zero);
            node.Load();
            using var pod = PodHook.OpenObject(cookie: 0, TimeSpan.Zero);
            pod.Load();
            return new(ProbeOutcome.There, $"the kernel accepts the programs, and the cgroup v2 root is {root.Path}");
        }
        catch (BpfException e) when (e.Error == Errno.NotPermitted)
        {
            return new(ProbeOutcome.CouldNotTell, e.Message);
        }
        catch (BpfException e)
        {
            return new(ProbeOutcome.NotThere, $"{e.Message}; eBPF capture needs Linux 5.17 or newer");
        }
        catch (IOException e)
        {
            return new(ProbeOutcome.NotThere, e.Message);
        }
        catch (DllNotFoundException)
        {
            return new(ProbeOutcome.CouldNotTell, "libbpf.so.1 is missing (apt-get install libbpf1)");
        }
    }
}
