using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>
/// The part of libbpf 1.x that is used here. Functions that return int return -errno on failure; those that return a
/// pointer return null and set errno. (SetLastError throughout: where nothing needs marshalling, the generator would write a DllImport,
/// which is banned.)
/// </summary>
internal static unsafe partial class LibBpf
{
    private const string Library = "libbpf.so.1";

    /// <summary>struct bpf_object_open_opts</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct OpenOptions
    {
        public nuint Size;
        public byte* ObjectName;
        public byte RelaxedMaps;
        public byte* PinRootPath;
        public uint Reserved;
        public byte* Kconfig;
        public byte* BtfCustomPath;
        public byte* KernelLog;
        public nuint KernelLogSize;
        public uint KernelLogLevel;
    }

    [LibraryImport(Library, EntryPoint = "bpf_object__open_mem", SetLastError = true)]
    internal static partial nint OpenObject(byte* content, nuint length, OpenOptions* options);

    [LibraryImport(Library, EntryPoint = "bpf_object__load", SetLastError = true)]
    internal static partial int LoadObject(BpfObject loaded);

    [LibraryImport(Library, EntryPoint = "bpf_object__close", SetLastError = true)]
    internal static partial void CloseObject(nint closed);

    [LibraryImport(Library, EntryPoint = "bpf_object__find_map_by_name", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint FindMap(BpfObject from, string name);

    [LibraryImport(Library, EntryPoint = "bpf_object__find_program_by_name", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint FindProgram(BpfObject from, string name);

    [LibraryImport(Library, EntryPoint = "bpf_program__fd", SetLastError = true)]
    internal static partial int ProgramDescriptor(nint program);

    [LibraryImport(Library, EntryPoint = "bpf_map__fd", SetLastError = true)]
    internal static partial int MapDescriptor(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__reuse_fd", SetLastError = true)]
    internal static partial int ReuseMap(nint map, SafeHandle descriptor);

    [LibraryImport(Library, EntryPoint = "bpf_map__initial_value", SetLastError = true)]
    internal static partial void* InitialValue(nint map, nuint* size);

    [LibraryImport(Library, EntryPoint = "bpf_map__type", SetLastError = true)]
    internal static partial uint MapType(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__key_size", SetLastError = true)]
    internal static partial uint MapKeySize(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__value_size", SetLastError = true)]
    internal static partial uint MapValueSize(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__max_entries", SetLastError = true)]
    internal static partial uint MapMaxEntries(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map__map_flags", SetLastError = true)]
    internal static partial uint MapFlags(nint map);

    [LibraryImport(Library, EntryPoint = "bpf_map_lookup_elem", SetLastError = true)]
    internal static partial int Lookup(SafeHandle map, void* key, void* value);

    [LibraryImport(Library, EntryPoint = "bpf_map_update_elem", SetLastError = true)]
    internal static partial int Update(SafeHandle map, void* key, void* value, ulong flags);

    [LibraryImport(Library, EntryPoint = "bpf_map_delete_elem", SetLastError = true)]
    internal static partial int Delete(SafeHandle map, void* key);

    [LibraryImport(Library, EntryPoint = "bpf_map_get_next_key", SetLastError = true)]
    internal static partial int NextKey(SafeHandle map, void* key, void* next);

    [LibraryImport(Library, EntryPoint = "bpf_link_create", SetLastError = true)]
    internal static partial int CreateLink(int program, SafeHandle target, uint attachType, nint options);

    [LibraryImport(Library, EntryPoint = "bpf_link_update", SetLastError = true)]
    internal static partial int UpdateLink(SafeHandle link, int program, nint options);

    [LibraryImport(Library, EntryPoint = "bpf_link_detach", SetLastError = true)]
    internal static partial int DetachLink(SafeHandle link);

    [LibraryImport(Library, EntryPoint = "bpf_obj_pin", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Pin(SafeHandle pinned, string path);

    [LibraryImport(Library, EntryPoint = "bpf_obj_get", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenPin(string path);

    [LibraryImport(Library, EntryPoint = "bpf_obj_get_info_by_fd", SetLastError = true)]
    internal static partial int Info(SafeHandle of, void* info, uint* length);

    [LibraryImport(Library, EntryPoint = "libbpf_num_possible_cpus", SetLastError = true)]
    internal static partial int PossibleCpus();

    [LibraryImport(Library, EntryPoint = "libbpf_probe_bpf_helper", SetLastError = true)]
    internal static partial int ProbeHelper(uint programType, uint helper, nint options);

    [LibraryImport(Library, EntryPoint = "libbpf_set_print", SetLastError = true)]
    internal static partial nint SetPrint(nint callback);
}
