using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>An attachment of a program to a cgroup or network namespace. Ends with its last descriptor or pin.</summary>
internal sealed unsafe class BpfLink(SafeFileHandle descriptor) : IDisposable
{
    private const uint CgroupType = 3; // enum bpf_link_type
    private const uint NetnsType = 5;

    public static BpfLink Create(int program, SafeHandle target, BpfAttachType type, string attempt) =>
        new(new SafeFileHandle(BpfException.Check(LibBpf.CreateLink(program, target, (uint)type, 0), attempt), ownsHandle: true));

    public static BpfLink? OpenPinned(string path) => BpfPin.Open(path) is { } descriptor ? new BpfLink(descriptor) : null;

    public void Pin(string path) => BpfPin.Make(descriptor, path);

    /// <summary>Swaps the program; at no moment is there none or are there two.</summary>
    public void Update(int program, string attempt) => BpfException.Check(LibBpf.UpdateLink(descriptor, program, 0), attempt);

    /// <summary>Takes effect before it returns; closing the last descriptor does so some time later.</summary>
    public void Detach() => _ = LibBpf.DetachLink(descriptor); // fails only if the target is gone, which detaches, too

    /// <summary>The kernel's number for it, which outlives neither it nor a change of its target.</summary>
    public uint Id() => Info().Id;

    /// <summary>Cgroup id or inode of the namespace it is attached to; 0 once the target is gone or somebody detached it.</summary>
    public ulong Target()
    {
        var info = Info();
        return info.Type switch
        {
            CgroupType => info.Target,
            NetnsType => (uint)info.Target,
            _ => 0,
        };
    }

    private LinkInfo Info()
    {
        LinkInfo info = default;
        var length = (uint)sizeof(LinkInfo);
        BpfException.Check(LibBpf.Info(descriptor, &info, &length), "ask a link what it is attached to");
        return info;
    }

    /// <summary>The beginning of struct bpf_link_info; Target is the first word of its union: cgroup_id, or netns_ino in 32 bits.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct LinkInfo
    {
        public uint Type;
        public uint Id;
        public uint ProgramId;
        public uint Padding;
        public ulong Target;
        public ulong Rest;
    }

    public void Dispose() => descriptor.Dispose();
}
