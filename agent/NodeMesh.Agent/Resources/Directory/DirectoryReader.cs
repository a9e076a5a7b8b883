using System.Buffers.Binary;
using System.Security.Cryptography;
using NodeMesh.Agent.Resources.Directory.Kernel;
using NodeMesh.Agent.Resources.Documents;

namespace NodeMesh.Agent.Resources.Directory;

/// <summary>Reads the files of a directory tree that changed since it last looked. What can not be read stays as it was, and is a problem.</summary>
internal sealed class DirectoryReader(string root, long maxFileLength)
{
    // Hidden entries are skipped: editors' files, and the directories that ConfigMap volumes swap behind the links that show.
    private static readonly EnumerationOptions Enumeration = new()
    {
        RecurseSubdirectories = true, MaxRecursionDepth = 16, IgnoreInaccessible = false, AttributesToSkip = FileAttributes.Hidden,
    };

    private readonly ResourceFiles _files = new();
    private readonly Dictionary<string, FileState> _seen = new(StringComparer.Ordinal);
    private ResourceProblem? _problem;
    private ResourceSet _set = ResourceSet.Empty;

    /// <summary>The files of a directory that declare resources.</summary>
    public static IEnumerable<string> FilesOf(string root) => System.IO.Directory.EnumerateFiles(root, "*", Enumeration).Where(IsResourceFile);

    public static bool IsResourceFile(string path) => Path.GetExtension(path) is ".yaml" or ".yml" or ".json";

    /// <summary>Looks at every file. The same instance as before: nothing changed.</summary>
    /// <param name="trustTimes">
    /// A file of the same length and time counts as unchanged. Only where nothing was reported: clocks are so coarse that two versions of a
    /// file can have the same time, and a link can lead to another file of that time.
    /// </param>
    public ResourceSet ReadAll(bool trustTimes) => Update(null, trustTimes);

    /// <summary>Looks at these files only, and at what is new or gone.</summary>
    public ResourceSet Read(IReadOnlySet<string> touched) => Update(touched, trustTimes: false);

    private ResourceSet Update(IReadOnlySet<string>? touched, bool trustTimes)
    {
        var known = _files.All;
        List<string> paths;
        ResourceProblem? problem = null;
        try
        {
            paths = [.. FilesOf(root)];
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            problem = new ResourceProblem("Directory", root, "Unreadable", $"{cause.Message} What was read from it before stays in force.");
            paths = [.. known.Select(file => file.Path)];
            touched = System.Collections.Frozen.FrozenSet<string>.Empty;
        }

        var changed = paths.Select(path => ReadIfChanged(path, touched, trustTimes)).OfType<ResourceFile>().ToList();
        var gone = known.Select(file => file.Path).Except(paths, StringComparer.Ordinal).ToList();
        if (changed.Count > 0 || gone.Count > 0 || problem != _problem)
        {
            gone.ForEach(path => _seen.Remove(path));
            _problem = problem;
            _set = _files.Update(changed, gone, problem is null ? [] : [problem]) with { IsCurrent = problem is null };
        }
        return _set;
    }

    private ResourceFile? ReadIfChanged(string path, IReadOnlySet<string>? touched, bool trustTimes)
    {
        var known = _files.Find(path);
        if (known is not null && touched is not null && !touched.Contains(path))
        {
            return null;
        }
        var previous = known ?? new ResourceFile(path);
        try
        {
            // Opening a FIFO waits for a writer, perhaps for ever, and opening a device may do anything.
            if (!FileType.IsRegular(path))
            {
                throw new IOException("it is a FIFO, a device or a socket, not a file");
            }
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            // Asked of what is open: the path may be a link that leads elsewhere a moment later.
            var (written, length) = (File.GetLastWriteTimeUtc(file), RandomAccess.GetLength(file));
            var seen = _seen.GetValueOrDefault(path);
            if (trustTimes && seen is not null && seen.Written == written && seen.Length == length)
            {
                return null;
            }
            if (length > maxFileLength)
            {
                _seen[path] = new FileState(written, length, default);
                return Unreadable(previous, $"the file is larger than {maxFileLength >> 20} MiB");
            }
            var content = ReadContent(file, (int)length);
            var now = new FileState(written, length, Fingerprint(content));
            _seen[path] = now;
            return seen is not null && seen.Content == now.Content ? null : ResourceFileReader.Read(previous, content);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            _seen.Remove(path);
            var unreadable = Unreadable(previous, cause.Message);
            return known is not null && known.Problems.SequenceEqual(unreadable.Problems) ? null : unreadable;
        }
    }

    private static byte[] ReadContent(Microsoft.Win32.SafeHandles.SafeFileHandle file, int length)
    {
        var content = new byte[length];
        var read = 0;
        while (read < length && RandomAccess.Read(file, content.AsSpan(read), read) is > 0 and var count)
        {
            read += count;
        }
        return read == length ? content : content[..read];
    }

    private static ResourceFile Unreadable(ResourceFile previous, string why) =>
        previous.Broken(new ResourceProblem("File", previous.Path, "Unreadable", why) { At = new SourceLocation(previous.Path) });

    private static UInt128 Fingerprint(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    private sealed record FileState(DateTime Written, long Length, UInt128 Content);
}
