using System.Net.Sockets;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Capture.Iptables;

/// <summary>One of the iptables families of commands ("iptables": usually nftables underneath; "iptables-legacy": x_tables), run inside namespaces.</summary>
/// <param name="Suffix">What follows "iptables" and "ip6tables" in the names: "", "-nft" or "-legacy".</param>
/// <param name="HasRecent">Whether the kernel has the match "recent", the dead-man's switch of this mode.</param>
internal sealed record IptablesBackend(string Suffix, bool HasRecent)
{
    // Somebody else may hold the lock of the legacy tables for a moment.
    private const string LockSeconds = "5";

    /// <summary>Whether the rules are in x_tables, not in nftables.</summary>
    public bool IsLegacy { get; } = !Run($"iptables{Suffix}", ["--version"], "").Contains("nf_tables", StringComparison.Ordinal);

    public string Name => $"iptables{Suffix}";

    /// <summary>Puts a whole transaction into the kernel: all of it or nothing, per table.</summary>
    public void Restore(SafeFileHandle netns, AddressFamily family, string rules) =>
        Run(netns, $"{Command(family)}-restore", ["--noflush", "--counters", "-w", LockSeconds], rules);

    /// <summary>All tables that there are, with counters.</summary>
    public string Save(SafeFileHandle netns, AddressFamily family) => Run(netns, $"{Command(family)}-save", ["-c"], "");

    /// <summary>Deletes a table of nftables that has nothing in it; where there is no nft(8), it stays, empty.</summary>
    public static void TryDeleteTable(SafeFileHandle netns, AddressFamily family, string table)
    {
        try
        {
            Run(netns, "nft", ["delete", "table", family == AddressFamily.InterNetwork ? "ip" : "ip6", table], "");
        }
        catch (CaptureException)
        {
            // An empty table lets everything pass: as good as none.
        }
    }

    private string Command(AddressFamily family) => (family == AddressFamily.InterNetwork ? "iptables" : "ip6tables") + Suffix;

    private static string Run(SafeFileHandle netns, string command, string[] arguments, string input)
    {
        var added = false;
        try
        {
            netns.DangerousAddRef(ref added);
            var path = $"/proc/{Environment.ProcessId}/fd/{netns.DangerousGetHandle()}";
            return Run("nsenter", [$"--net={path}", command, .. arguments], input);
        }
        finally
        {
            if (added)
            {
                netns.DangerousRelease();
            }
        }
    }

    /// <exception cref="CaptureException">The command is missing or failed; with what it wrote.</exception>
    public static string Run(string command, IReadOnlyList<string> arguments, string input)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        BufferedCommandResult result;
        try
        {
            result = Cli.Wrap(command)
                .WithArguments(arguments)
                .WithStandardInputPipe(PipeSource.FromString(input))
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(limit.Token).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or OperationCanceledException or InvalidOperationException)
        {
            throw new CaptureException($"cannot run {command}: {e.Message} (packages util-linux and iptables have what is needed)", e);
        }
        return result.IsSuccess
            ? result.StandardOutput
            : throw new CaptureException($"{string.Join(' ', arguments.Prepend(command))}: exit code {result.ExitCode}: {result.StandardError.Trim()}");
    }
}
