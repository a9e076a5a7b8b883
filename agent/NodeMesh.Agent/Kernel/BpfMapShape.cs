using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>What must be equal for a program to use a map that another build made.</summary>
/// <remarks>Libbpf compares the same; it rounds nothing for the types used here.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct BpfMapShape(uint Type, uint KeySize, uint ValueSize, uint MaxEntries, uint Flags);
