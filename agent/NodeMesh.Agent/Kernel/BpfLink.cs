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

    /// <summary>Cgroup id or inode of the namespace it is attached to; 0 once the target is gone or somebody detached it.</summary>
    public ulong Target()
    {
        var info = stackalloc byte[32]; // struct bpf_link_info up to its union's first 16 bytes
        var length = 32u;
        BpfException.Check(LibBpf.Info(descriptor, info, &length), "ask a link what it is attached to");
        return *(uint*)info switch
        {
            CgroupType => *(ulong*)(info + 16),
            NetnsType => *(uint*)(info + 16),
            _ => 0,
        };
    }

    public void Dispose() => descriptor.Dispose();
}
