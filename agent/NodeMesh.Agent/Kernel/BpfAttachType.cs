namespace NodeMesh.Agent.Kernel;

/// <summary>enum bpf_attach_type, as far as used.</summary>
internal enum BpfAttachType : uint
{
    CgroupEgress = 1,
    CgroupConnect4 = 10,
    CgroupConnect6 = 11,
    CgroupSetSockOpt = 22,
    SkLookup = 36,
}
