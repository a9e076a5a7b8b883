namespace NodeMesh.Agent.Kernel;

/// <summary>
/// The machine's procfs. In a container /proc shows the container's own processes, and its /proc/sys is read-only; the
/// machine's own is mounted elsewhere then.
/// </summary>
internal static class HostProc
{
    /// <summary>Set once, at the start.</summary>
    public static string Root { get; set; } = "/proc";

    public static string Path(string relative) => $"{Root}/{relative}";
}
