namespace NodeMesh.Cli;

/// <summary>What this program was called as: a symbolic link to it decides.</summary>
internal static class ProgramName
{
    /// <summary>kubectl's name for a plugin `nodemesh`.</summary>
    public const string Plugin = "kubectl-nodemesh";

    /// <summary>What kubectl asks for what may come next in `kubectl nodemesh …`.</summary>
    public const string PluginCompletion = "kubectl_complete-nodemesh";

    /// <summary>The file's name, before links are followed.</summary>
    public static string Called { get; } = Path.GetFileName(FirstArgument());

    /// <summary>What the user types.</summary>
    public static string Typed => Called == Plugin ? "kubectl nodemesh" : "nodemesh";

    private static string FirstArgument()
    {
        try
        {
            // Environment.GetCommandLineArgs and ProcessPath have the links followed.
            return File.ReadAllText("/proc/self/cmdline").Split('\0')[0];
        }
        catch (IOException)
        {
            return "nodemesh";
        }
    }
}
