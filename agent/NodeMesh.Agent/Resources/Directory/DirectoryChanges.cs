namespace NodeMesh.Agent.Resources.Directory;

/// <summary>What inotify reports about a directory tree, gathered until it is asked for.</summary>
internal sealed class DirectoryChanges(string root) : IDisposable
{
    private readonly Lock _lock = new();
    private FileSystemWatcher? _watcher;
    private HashSet<string> _touched = new(StringComparer.Ordinal);
    private bool _all;
    private TaskCompletionSource _changed = New();

    /// <summary>
    /// Watches anew: the directory may be another one by now. The new watch stands before the old one goes, so that nothing falls between.
    /// </summary>
    public void Renew()
    {
        var old = _watcher;
        _watcher = TryWatch();
        old?.Dispose();
    }

    /// <summary>Waits for changes and then for quiet. False: nothing was reported for so long that all must be looked at.</summary>
    public async Task<bool> WaitAsync(DirectoryOptions options, TimeProvider time, CancellationToken cancellation)
    {
        if (!await ChangedWithinAsync(options.Rescan, time, cancellation))
        {
            return false;
        }
        var started = time.GetTimestamp();
        do
        {
            Rearm();
        }
        while (await ChangedWithinAsync(options.Quiet, time, cancellation) && time.GetElapsedTime(started) < options.LongestWait);
        return true;
    }

    /// <summary>The files reported since it was last asked; null: look at all.</summary>
    public IReadOnlySet<string>? Take()
    {
        lock (_lock)
        {
            var touched = _all ? null : _touched;
            _touched = new HashSet<string>(StringComparer.Ordinal);
            _all = false;
            return touched;
        }
    }

    public void Dispose() => _watcher?.Dispose();

    private FileSystemWatcher? TryWatch()
    {
        try
        {
            var watcher = new FileSystemWatcher(root)
            {
                IncludeSubdirectories = true,
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite
                    | NotifyFilters.Size | NotifyFilters.Security | NotifyFilters.CreationTime,
            };
            watcher.Changed += (_, change) => Note(change.FullPath);
            watcher.Created += (_, change) => Note(change.FullPath);
            watcher.Deleted += (_, change) => Note(change.FullPath);
            watcher.Renamed += (_, change) =>
            {
                Note(change.OldFullPath);
                Note(change.FullPath);
            };
            watcher.Error += (_, _) => Note(root);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception problem) when (problem is ArgumentException or IOException or UnauthorizedAccessException)
        {
            // Not there (the reader reports it), or no watch to be had: the rescan does the work.
            return null;
        }
    }

    private void Note(string path)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            // A directory, or a link such as ..data that ConfigMap volumes swap, stands for any number of files.
            if (DirectoryReader.IsResourceFile(path))
            {
                _touched.Add(path);
            }
            else
            {
                _all = true;
            }
            changed = _changed;
        }
        changed.TrySetResult();
    }

    private void Rearm()
    {
        lock (_lock)
        {
            _changed = New();
        }
    }

    private async Task<bool> ChangedWithinAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        Task changed;
        lock (_lock)
        {
            changed = _changed.Task;
        }
        try
        {
            await changed.WaitAsync(limit, time, cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
