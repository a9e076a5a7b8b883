using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using NodeMesh.Agent.Capture.Ebpf.Layout;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture.Ebpf;

/// <summary>The programs of node.bpf.o on the root cgroup, and the maps they share with the pods' programs.</summary>
internal sealed partial class NodeHooks : IDisposable
{
    private const uint CgroupSkbType = 8; // BPF_PROG_TYPE_CGROUP_SKB
    private const uint CgroupSockAddrType = 18; // BPF_PROG_TYPE_CGROUP_SOCK_ADDR
    private const uint GetNetnsCookieHelper = 122; // BPF_FUNC_get_netns_cookie
    private const uint SetRetvalHelper = 187; // BPF_FUNC_set_retval

    private static readonly (string Program, BpfAttachType Type)[] Programs =
    [
        // The guard first: it alone steers nothing, and without it the connect hooks could be walked past.
        ("nm_egress", BpfAttachType.CgroupEgress),
        ("nm_setsockopt", BpfAttachType.CgroupSetSockOpt),
        ("nm_connect4", BpfAttachType.CgroupConnect4),
        ("nm_connect6", BpfAttachType.CgroupConnect6),
    ];

    private readonly PinDirectory _pins;
    private readonly ILogger _logger;
    private readonly CgroupRoot _root;
    private readonly SafeFileHandle _cgroup;
    private readonly BpfObject _programs;

    private NodeHooks(PinDirectory pins, ILogger logger, CgroupRoot root, BpfObject programs, NodeMaps maps)
    {
        _pins = pins;
        _logger = logger;
        _root = root;
        _cgroup = root.Open();
        _programs = programs;
        Maps = maps;
    }

    public NodeMaps Maps { get; }

    /// <summary>Loads the programs with the maps that are pinned, or with new ones. Attaches nothing yet.</summary>
    public static NodeHooks Load(PinDirectory pins, TimeSpan beatLimit, ILogger logger)
    {
        var root = CgroupRoot.Find();
        pins.Open();
        var programs = OpenObject(beatLimit);
        try
        {
            var adopted = NodeMaps.Names.Where(name => Adopt(programs, name, pins.Map(name), logger)).ToHashSet();
            programs.Load();
            foreach (var name in NodeMaps.Names.Where(name => !adopted.Contains(name)))
            {
                File.Delete(pins.Map(name));
                programs.Pin(name, pins.Map(name));
            }
            var maps = new NodeMaps(NodeMaps.Names.ToDictionary(name => name, name => BpfPin.Open(pins.Map(name))!));
            return new NodeHooks(pins, logger, root, programs, maps);
        }
        catch
        {
            programs.Dispose();
            throw;
        }
    }

    public static BpfObject OpenObject(TimeSpan beatLimit)
    {
        var programs = BpfObject.OpenEmbedded("node.bpf.o");
        programs.Configure(new Config
        {
            BeatLimitNs = (ulong)beatLimit.TotalNanoseconds,
            Netns = Netns.Cookie(Netns.Own),
            CountUdp = Has(CgroupSkbType, GetNetnsCookieHelper),
            CanSetError = Has(CgroupSockAddrType, SetRetvalHelper),
        });
        return programs;
    }

    /// <summary>Takes over from a predecessor, if there is one: his links get these programs.</summary>
    public void Attach()
    {
        foreach (var (program, type) in Programs)
        {
            if (!IsAttached(program))
            {
                Attach(program, type);
                continue;
            }
            using var pinned = BpfLink.OpenPinned(_pins.Link(program));
            pinned?.Update(_programs.Program(program), $"replace {program} on the cgroup {_root.Path}");
        }
    }

    /// <summary>Attaches what is no longer attached and pins what is no longer pinned.</summary>
    public void Mend()
    {
        _pins.Open();
        foreach (var name in NodeMaps.Names.Where(name => !File.Exists(_pins.Map(name))))
        {
            BpfPin.Make(Maps.Descriptor(name), _pins.Map(name));
        }
        foreach (var (program, type) in Programs.Where(hook => !IsAttached(hook.Program)))
        {
            Attach(program, type);
        }
    }

    public IEnumerable<string> Missing()
    {
        foreach (var (program, _) in Programs.Where(hook => !IsAttached(hook.Program)))
        {
            yield return $"{program} is not attached to the cgroup {_root.Path}: somebody removed it";
        }
        foreach (var name in NodeMaps.Names.Where(name => !File.Exists(_pins.Map(name))))
        {
            yield return $"the map {name} is not pinned: a new agent could not adopt it";
        }
    }

    public void Detach()
    {
        foreach (var (program, _) in Programs)
        {
            using var link = BpfLink.OpenPinned(_pins.Link(program));
            link?.Detach();
            File.Delete(_pins.Link(program));
        }
    }

    private static byte Has(uint programType, uint helper) => LibBpf.ProbeHelper(programType, helper, 0) == 1 ? (byte)1 : (byte)0;

    private bool IsAttached(string program)
    {
        using var link = BpfLink.OpenPinned(_pins.Link(program));
        return link?.Target() == _root.Id;
    }

    private void Attach(string program, BpfAttachType type)
    {
        File.Delete(_pins.Link(program));
        using var link = BpfLink.Create(_programs.Program(program), _cgroup, type, $"attach {program} to the cgroup {_root.Path}");
        link.Pin(_pins.Link(program));
        LogAttached(program, _root.Path);
    }

    private static bool Adopt(BpfObject programs, string name, string pin, ILogger logger)
    {
        using var pinned = BpfPin.Open(pin);
        if (pinned is null)
        {
            return false;
        }
        if (BpfPin.MapShape(pinned) != programs.Shape(name))
        {
            LogReplaced(logger, name);
            return false;
        }
        programs.Reuse(name, pinned);
        return true;
    }

    public void Dispose()
    {
        _cgroup.Dispose();
        _programs.Dispose();
        Maps.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "attached {Program} to the cgroup {Cgroup}")]
    private partial void LogAttached(string program, string cgroup);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the map {Map} of the previous agent has another layout and is replaced: every pod is captured anew")]
    private static partial void LogReplaced(ILogger logger, string map);
}
