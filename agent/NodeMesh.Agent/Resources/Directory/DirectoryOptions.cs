namespace NodeMesh.Agent.Resources.Directory;

/// <summary>How a directory is watched.</summary>
internal sealed record DirectoryOptions
{
    /// <summary>Changes are read when there was none for this long, so that a file is not read half written, and many files are read at once.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>...but after this long at the latest.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Everything is looked at this often though nothing was reported: inotify sees no network file systems, loses events when its queue is
    /// full, and its watch dies with the directory.
    /// </summary>
    public TimeSpan Rescan { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A larger file is a mistake, and is not read.</summary>
    public long MaxFileLength { get; init; } = 256L << 20;
}
