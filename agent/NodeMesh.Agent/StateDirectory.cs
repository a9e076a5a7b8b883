using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent;

/// <summary>
/// The agent's place on disk. agent/ and bpf/ are root's alone; proxy/ holds the two sockets, which the proxy's user may
/// connect to and nothing else.
/// </summary>
internal sealed class StateDirectory(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // Long enough for the old agent to leave, short enough for nobody to notice.
    private static readonly TimeSpan AskInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan StandbyInterval = TimeSpan.FromSeconds(1);

    private FileStream? _lock;
    private bool _isNew;

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Agent => System.IO.Path.Combine(Path, "agent");

    public string Proxy => System.IO.Path.Combine(Path, "proxy");

    public string SocketsSocket => System.IO.Path.Combine(Proxy, "sockets.sock");

    public string ConfigSocket => System.IO.Path.Combine(Proxy, "config.sock");

    /// <summary>Where the CNI plugin asks.</summary>
    public string CniSocket => System.IO.Path.Combine(Path, "cni.sock");

    /// <summary>Where the CNI plugin leaves a note of each pod that started unasked.</summary>
    public string CniMissed => System.IO.Path.Combine(Path, NodeMesh.Cni.Protocol.CniProtocol.MissedDirectory);

    /// <summary>How far the Rollouts of a standalone node have come. It stays when the agent goes.</summary>
    public string Rollouts => System.IO.Path.Combine(Path, "rollouts.json");

    public string HandoverSocket => System.IO.Path.Combine(Agent, "handover.sock");

    /// <summary>Who holds this directory. A probe of a pod must not be content with what the agent of another says, which has the same port until it leaves.</summary>
    public string Holder => System.IO.Path.Combine(Agent, "holder");

    public string ProxyPid => System.IO.Path.Combine(Agent, "proxy.pid");

    /// <summary>Makes the directories and takes the lock that a crash releases.</summary>
    /// <exception cref="AgentStartException">Another agent holds the directory, or it can't be made.</exception>
    public void Open(uint proxyUser)
    {
        MakeDirectories(proxyUser);
        if (!TryLock())
        {
            throw new AgentStartException($"another nodemesh-agent runs with state directory {Path}: stop it, or choose another with --state");
        }
    }

    private void MakeDirectories(uint proxyUser)
    {
        _isNew = !Directory.Exists(Agent);
        try
        {
            Directory.CreateDirectory(Path);
            File.SetUnixFileMode(Path, OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            Directory.CreateDirectory(Agent, OwnerOnly);
            Directory.CreateDirectory(Proxy);
            File.SetUnixFileMode(Proxy, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
            FileOwner.SetGroup(Proxy, proxyUser);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStartException($"state directory {Path} can't be made: {e.Message}");
        }
    }

    /// <summary>Makes the directories, and takes the lock from the agent that holds it, which is asked to leave, or waits until it is gone.</summary>
    /// <param name="ask">False: stand by until the lock is free.</param>
    public async Task TakeOverAsync(uint proxyUser, bool ask, CancellationToken stop)
    {
        MakeDirectories(proxyUser);
        while (!TryLock())
        {
            if (ask)
            {
                Handover.Ask(this);
            }
            await Task.Delay(ask ? AskInterval : StandbyInterval, stop).ConfigureAwait(false);
        }
    }

    /// <summary>Once the directory is this agent's.</summary>
    public void Claim(string instance) => File.WriteAllText(Holder, $"{instance}\n");

    private bool TryLock()
    {
        try
        {
            _lock = new FileStream(System.IO.Path.Combine(Agent, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Lets the proxy's group, and nobody else, connect to a socket made in <see cref="Proxy"/>.</summary>
    public static void Share(string socket, uint proxyUser)
    {
        FileOwner.SetGroup(socket, proxyUser);
        File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
    }

    /// <summary>A directory that the proxy's group may write to, such as one for access logs. It stays when the agent goes.</summary>
    /// <exception cref="AgentStartException">It can't be made.</exception>
    public static void MakeForProxy(string directory, uint proxyUser)
    {
        try
        {
            Directory.CreateDirectory(directory);
            FileOwner.SetGroup(directory, proxyUser);
            File.SetUnixFileMode(directory, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStartException($"the directory {directory} for access logs can't be made: {e.Message}; choose another with --access-log-dir");
        }
    }

    /// <summary>After a stop that put everything back: nothing of the agent stays on disk.</summary>
    public void Remove()
    {
        Unlock();
        foreach (var directory in new[] { Agent, Proxy, CniMissed }.Where(Directory.Exists))
        {
            Directory.Delete(directory, recursive: true);
        }
        File.Delete(CniSocket);
        try
        {
            if (!Directory.EnumerateFileSystemEntries(Path).Any())
            {
                Directory.Delete(Path);
            }
        }
        catch (IOException)
        {
            // A mount point in a container, where the directory is the machine's.
        }
    }

    /// <summary>After a start that came to nothing: what this agent made goes, what a predecessor left stays.</summary>
    public void Discard()
    {
        if (_isNew && _lock is not null)
        {
            Remove();
        }
    }

    public void Unlock() => _lock?.Dispose();
}
