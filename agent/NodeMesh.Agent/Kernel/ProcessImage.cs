using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>execve(2): this process begins anew, with nothing of what it held: descriptors, memory, threads.</summary>
internal static unsafe partial class ProcessImage
{
    /// <summary>Starts this executable again with the arguments of now, and <paramref name="more"/>. Returns only when the kernel refuses.</summary>
    public static IOException Restart(string more)
    {
        var arguments = File.ReadAllText("/proc/self/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(a => a != more).Append(more);
        var environment = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(v => $"{v.Key}={v.Value}");
        Execute("/proc/self/exe", Strings(arguments), Strings(environment));
        return new IOException($"cannot start {Environment.ProcessPath} again: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, byte** arguments, byte** environment);

    // Never freed: the memory goes with the process.
    private static byte** Strings(IEnumerable<string> texts)
    {
        var list = texts.ToList();
        var strings = (byte**)NativeMemory.AllocZeroed((nuint)list.Count + 1, (nuint)sizeof(byte*));
        for (var i = 0; i < list.Count; i++)
        {
            strings[i] = (byte*)Marshal.StringToCoTaskMemUTF8(list[i]);
        }
        return strings;
    }
}
