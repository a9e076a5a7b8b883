using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>A name in a bpffs that keeps a map or link alive without a process.</summary>
internal static unsafe class BpfPin
{
    /// <summary>Null if nothing is pinned there.</summary>
    public static SafeFileHandle? Open(string path)
    {
        var result = LibBpf.OpenPin(path);
        return result == -Errno.NoEntry ? null : new SafeFileHandle(BpfException.Check(result, $"open the pin {path}"), ownsHandle: true);
    }

    public static void Make(SafeHandle pinned, string path) => BpfException.Check(LibBpf.Pin(pinned, path), $"pin at {path}");

    public static BpfMapShape MapShape(SafeHandle map)
    {
        // struct bpf_map_info begins with type, id, key_size, value_size, max_entries, map_flags.
        var info = stackalloc uint[6];
        var length = 6u * sizeof(uint);
        BpfException.Check(LibBpf.Info(map, info, &length), "ask for a map's shape");
        return new BpfMapShape(info[0], info[2], info[3], info[4], info[5]);
    }
}
