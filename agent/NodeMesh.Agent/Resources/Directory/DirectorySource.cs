using System.Runtime.CompilerServices;

namespace NodeMesh.Agent.Resources.Directory;

/// <summary>
/// Resources from the *.yaml, *.yml and *.json files of a directory and its subdirectories; hidden ones are passed over.
/// The files are looked at whenever the reader asks for the next set, so that it always gets the newest.
/// </summary>
internal sealed class DirectorySource(string root, DirectoryOptions options, TimeProvider time) : IResourceSource
{
    private readonly string _root = Path.GetFullPath(root);

    public async IAsyncEnumerable<ResourceSet> WatchAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var changes = new DirectoryChanges(_root);
        var reader = new DirectoryReader(_root, options.MaxFileLength);
        changes.Renew();
        var last = reader.ReadAll(trustTimes: false);
        yield return last;

        while (true)
        {
            ResourceSet set;
            if (await changes.WaitAsync(options, time, cancellation))
            {
                set = changes.Take() is { } touched ? reader.Read(touched) : reader.ReadAll(trustTimes: false);
            }
            else
            {
                changes.Renew();
                set = reader.ReadAll(trustTimes: true);
            }
            if (!ReferenceEquals(set, last))
            {
                last = set;
                yield return set;
            }
        }
    }
}
