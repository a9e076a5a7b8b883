using System.Collections.Immutable;
using NodeMesh.Agent.Resources.Documents;

namespace NodeMesh.Agent.Resources;

/// <summary>
/// All files put together, file by file as they change. An object that stands in two files is taken from the first by path.
/// The cost of a change is that of the changed file's objects.
/// </summary>
internal sealed class ResourceFiles
{
    private static readonly IComparer<DeclaredObject> ByPlace = Comparer<DeclaredObject>.Create((a, b) =>
        string.CompareOrdinal(a.At.File, b.At.File) is var order && order != 0 ? order
        : a.At.Document != b.At.Document ? a.At.Document.CompareTo(b.At.Document)
        : a.At.Line.CompareTo(b.At.Line));

    private readonly SortedDictionary<string, ResourceFile> _files = new(StringComparer.Ordinal);
    private readonly Claims<(ResourceKind Kind, string Id), DeclaredObject> _claims = new(ByPlace);
    private ResourceSet _set = ResourceSet.Empty;

    public IReadOnlyCollection<ResourceFile> All => _files.Values;

    public ResourceFile? Find(string path) => _files.GetValueOrDefault(path);

    /// <summary>Puts files in place of their earlier versions, and takes away those gone.</summary>
    /// <param name="general">Problems that belong to no file.</param>
    public ResourceSet Update(IEnumerable<ResourceFile> changed, IEnumerable<string> gone, IEnumerable<ResourceProblem> general)
    {
        var touched = new HashSet<(ResourceKind Kind, string Id)>();
        foreach (var path in gone)
        {
            Withdraw(path, touched);
        }
        foreach (var file in changed)
        {
            Withdraw(file.Path, touched);
            _files.Add(file.Path, file);
            foreach (var declared in file.Objects)
            {
                var key = KeyOf(declared);
                _claims.Add(key, declared);
                touched.Add(key);
            }
        }
        _set = Settle(touched) with
        {
            Problems = [.. general, .. _files.Values.SelectMany(file => file.Problems), .. Duplicates().Order()],
            Skipped = _files.Values.Sum(file => file.Skipped),
        };
        return _set;
    }

    private void Withdraw(string path, HashSet<(ResourceKind Kind, string Id)> touched)
    {
        if (!_files.Remove(path, out var file))
        {
            return;
        }
        foreach (var declared in file.Objects)
        {
            var key = KeyOf(declared);
            _claims.Remove(key, declared);
            touched.Add(key);
        }
    }

    private ResourceSet Settle(HashSet<(ResourceKind Kind, string Id)> touched)
    {
        var edit = new ResourceSetEdit(_set);
        foreach (var (kind, id) in touched)
        {
            edit.Put(kind, id, _claims.On((kind, id)) is [var first, ..] ? first.Resource : null);
        }
        return edit.Apply();
    }

    private IEnumerable<ResourceProblem> Duplicates() =>
        from key in _claims.Contested
        let claims = _claims.On(key)
        from loser in claims.Skip(1)
        select new ResourceProblem(key.Kind.Name, key.Id, "Duplicate", $"stands already in {claims[0].At}; this one is not used") { At = loser.At };

    private static (ResourceKind Kind, string Id) KeyOf(DeclaredObject declared) => (declared.Kind, declared.Resource.Metadata.Id);
}
