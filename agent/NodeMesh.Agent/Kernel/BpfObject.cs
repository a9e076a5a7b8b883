using System.Runtime.InteropServices;
using System.Text;

namespace NodeMesh.Agent.Kernel;

/// <summary>A compiled BPF object: opened, configured, then loaded. Owns the descriptors of its programs and maps.</summary>
internal sealed unsafe class BpfObject : SafeHandle
{
    private const int LogSize = 256 * 1024;

    private readonly string _name;
    private byte* _log;

    private BpfObject(string name)
        : base(0, ownsHandle: true)
    {
        _name = name;
        _log = (byte*)NativeMemory.AllocZeroed(LogSize);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Opens an object that is embedded in this assembly.</summary>
    public static BpfObject OpenEmbedded(string resource)
    {
        LibBpf.SetPrint(0); // failures are reported with the verifier's log
        var opened = new BpfObject(resource);
        try
        {
            opened.Open(Read(resource));
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private static byte[] Read(string resource)
    {
        using var stream = typeof(BpfObject).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"{resource} is not embedded in the agent: build it again");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private void Open(byte[] content)
    {
        // libbpf would name the object, and with it .rodata, after its address.
        fixed (byte* bytes = content, name = Encoding.UTF8.GetBytes(_name.Split('.')[0] + '\0'))
        {
            var options = new LibBpf.OpenOptions
            {
                Size = (nuint)sizeof(LibBpf.OpenOptions),
                ObjectName = name,
                KernelLog = _log,
                KernelLogSize = LogSize,
            };
            SetHandle(LibBpf.OpenObject(bytes, (nuint)content.Length, &options));
        }
        if (IsInvalid)
        {
            throw new BpfException($"read {_name}", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Sets the only variable of .rodata.</summary>
    public void Configure<T>(T value)
        where T : unmanaged
    {
        nuint size;
        var target = LibBpf.InitialValue(Map(".rodata"), &size);
        if (target == null || (int)size != sizeof(T))
        {
            throw new InvalidOperationException($"{_name}: .rodata has {size} bytes, {typeof(T).Name} has {sizeof(T)}");
        }
        *(T*)target = value;
    }

    /// <summary>Uses this map in place of the object's own of that name. Before <see cref="Load"/>.</summary>
    public void Reuse(string map, SafeHandle descriptor) =>
        BpfException.Check(LibBpf.ReuseMap(Map(map), descriptor), $"use the existing map {map} for {_name}");

    /// <summary>The map's shape as the object declares it.</summary>
    public BpfMapShape Shape(string map)
    {
        var found = Map(map);
        return new BpfMapShape(
            LibBpf.MapType(found), LibBpf.MapKeySize(found), LibBpf.MapValueSize(found), LibBpf.MapMaxEntries(found), LibBpf.MapFlags(found));
    }

    public void Load()
    {
        var result = LibBpf.LoadObject(this);
        if (result < 0)
        {
            throw new BpfException($"load {_name}", result, LogTail());
        }
    }

    /// <summary>Belongs to this object: valid until it is disposed.</summary>
    public int Program(string name)
    {
        var found = LibBpf.FindProgram(this, name);
        return found == 0
            ? throw new InvalidOperationException($"{_name} has no program {name}")
            : BpfException.Check(LibBpf.ProgramDescriptor(found), $"use {name}, which is not loaded");
    }

    public void Pin(string map, string path)
    {
        using var descriptor = new Microsoft.Win32.SafeHandles.SafeFileHandle(LibBpf.MapDescriptor(Map(map)), ownsHandle: false);
        BpfException.Check(LibBpf.Pin(descriptor, path), $"pin the map {map} at {path}");
    }

    private nint Map(string name)
    {
        var found = LibBpf.FindMap(this, name);
        return found != 0 ? found : throw new InvalidOperationException($"{_name} has no map {name}");
    }

    /// <summary>The verifier's last words: the offending instruction and the reason.</summary>
    private string LogTail()
    {
        var lines = (Marshal.PtrToStringUTF8((nint)_log) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return string.Join('\n', lines.TakeLast(6));
    }

    protected override bool ReleaseHandle()
    {
        LibBpf.CloseObject(handle);
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        NativeMemory.Free(_log);
        _log = null;
    }
}
