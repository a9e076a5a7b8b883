using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>A kind of objects that the mesh reads: how it is called, read, and kept.</summary>
/// <param name="name">As in the field kind.</param>
/// <param name="apiVersion">The version that is asked for.</param>
/// <param name="plural">As in the paths of the Kubernetes API.</param>
internal abstract class ResourceKind(string name, string apiVersion, string plural)
{
    public string Name => name;

    public string ApiVersion => apiVersion;

    public string Plural => plural;

    /// <summary>Versions of a file that are read as well: they have the same fields, as far as the mesh uses them.</summary>
    public IReadOnlyList<string> OtherVersions { get; init; } = [];

    /// <summary>False for what belongs to the cluster as a whole.</summary>
    public bool IsNamespaced { get; init; } = true;

    /// <summary>There are many that are nothing to the mesh, and large ones: only those are watched that another object names.</summary>
    public bool IsReadByReference { get; init; }

    /// <summary>Stands in for an object that can't be read, where leaving it out would open what it was to close; the text says what is wrong.</summary>
    public Func<ObjectMeta, string, IResource>? Unreadable { get; init; }

    public string Group => ApiVersion.IndexOf('/') is var slash && slash < 0 ? "" : ApiVersion[..slash];

    /// <exception cref="JsonException">A field is of the wrong type; the path says which.</exception>
    public abstract IResource Read(ReadOnlySpan<byte> text);

    /// <summary>The object as JSON of those fields alone that the mesh reads.</summary>
    public abstract byte[] Write(IResource resource);

    /// <summary>Starts to change the objects of this kind in a set.</summary>
    public abstract IKindEdit Edit(ResourceSet set);
}

/// <param name="json">Of the model's type.</param>
/// <param name="with">The object with other metadata.</param>
/// <param name="get">The objects of this kind in a set.</param>
/// <param name="put">The set with these objects of this kind.</param>
internal sealed class ResourceKind<T>(
    string name,
    string apiVersion,
    string plural,
    JsonTypeInfo<T> json,
    Func<T, ObjectMeta, T> with,
    Func<ResourceSet, ImmutableSortedDictionary<string, T>> get,
    Func<ResourceSet, ImmutableSortedDictionary<string, T>, ResourceSet> put) : ResourceKind(name, apiVersion, plural)
    where T : class, IResource
{
    /// <summary>In the namespace "default" where a namespaced object does not say, in none where it has none.</summary>
    public override IResource Read(ReadOnlySpan<byte> text)
    {
        var read = JsonSerializer.Deserialize(text, json)!;
        var wanted = !IsNamespaced ? "" : read.Metadata.Namespace.Length == 0 ? "default" : read.Metadata.Namespace;
        return wanted == read.Metadata.Namespace ? read : with(read, read.Metadata with { Namespace = wanted });
    }

    public override byte[] Write(IResource resource) => JsonSerializer.SerializeToUtf8Bytes((T)resource, json);

    public override IKindEdit Edit(ResourceSet set) => new KindEdit(get(set), put);

    private sealed class KindEdit(
        ImmutableSortedDictionary<string, T> before,
        Func<ResourceSet, ImmutableSortedDictionary<string, T>, ResourceSet> put) : IKindEdit
    {
        private readonly ImmutableSortedDictionary<string, T>.Builder _objects = before.ToBuilder();

        public void Put(string id, IResource? resource)
        {
            if (resource is null)
            {
                _objects.Remove(id);
            }
            else if (!_objects.TryGetValue(id, out var held) || !ReferenceEquals(held, resource))
            {
                _objects[id] = (T)resource;
            }
        }

        public ResourceSet Apply(ResourceSet set) => put(set, _objects.ToImmutable());
    }
}

/// <summary>Changes to the objects of one kind in a <see cref="ResourceSet"/>.</summary>
internal interface IKindEdit
{
    /// <param name="resource">null: the object is gone.</param>
    void Put(string id, IResource? resource);

    ResourceSet Apply(ResourceSet set);
}
