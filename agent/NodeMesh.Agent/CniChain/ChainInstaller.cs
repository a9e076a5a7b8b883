using Microsoft.Extensions.Logging;

namespace NodeMesh.Agent.CniChain;

/// <summary>
/// Keeps the plugin in the node's network configuration: the binary first and the configuration last, and the other way round
/// to take it out, since a configuration that names a missing binary lets no pod start nor end.
/// </summary>
internal sealed partial class ChainInstaller(ChainOptions options, ILogger log)
{
    private readonly string _file = Path.Combine(options.ConfigurationDirectory, ChainFile.Name);
    private readonly string _binary = Path.Combine(options.BinaryDirectory ?? "/", ChainFile.PluginType);
    private bool _isCopied;

    /// <summary>Why pods that start are not captured from their first packet on; empty when they are.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Looks, and mends what is missing or not as it should be. Cheap: called once a second.</summary>
    public void Ensure()
    {
        var before = Problem;
        try
        {
            CopyBinary();
            var wanted = ChainFile.Compose(Read(), options, out var problem);
            Problem = problem;
            if (wanted is null)
            {
                File.Delete(_file);
            }
            else if (!File.Exists(_file) || File.ReadAllText(_file) != wanted)
            {
                Replace(_file, aside => File.WriteAllText(aside, wanted), Readable);
                LogWritten(_file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problem = $"the CNI plugin can't be installed: {e.Message}";
        }
        if (Problem.Length > 0 && Problem != before)
        {
            LogProblem(Problem);
        }
    }

    public void RemoveConfiguration() => Try(() => File.Delete(_file));

    public void RemoveBinary() => Try(() => File.Delete(_binary));

    private Dictionary<string, string> Read() => Directory.EnumerateFiles(options.ConfigurationDirectory)
        .Where(f => !Path.GetFileName(f).StartsWith('.'))
        .ToDictionary(f => Path.GetFileName(f), File.ReadAllText, StringComparer.Ordinal);

    private void CopyBinary()
    {
        // Once by content, since the image may bring another version; afterwards it is enough that it is there.
        if (_isCopied && File.Exists(_binary))
        {
            return;
        }
        if (!File.Exists(_binary) || !File.ReadAllBytes(_binary).AsSpan().SequenceEqual(File.ReadAllBytes(options.Plugin)))
        {
            // Renamed into place: the one that runs just now goes on.
            Replace(_binary, aside => File.Copy(options.Plugin, aside, overwrite: true), Readable | Executable);
        }
        _isCopied = true;
    }

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static void Replace(string file, Action<string> write, UnixFileMode mode)
    {
        // A name that no runtime takes for a configuration.
        var aside = Path.Combine(Path.GetDirectoryName(file)!, $".{Path.GetFileName(file)}.new");
        write(aside);
        File.SetUnixFileMode(aside, mode);
        File.Move(aside, file, overwrite: true);
    }

    private void Try(Action what)
    {
        try
        {
            what();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogProblem(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "CniChainWritten", Message = "pods that start are captured from their first packet on: wrote {File}")]
    private partial void LogWritten(string file);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "CniChainProblem", Message = "CNI: {Problem}")]
    private partial void LogProblem(string problem);
}
