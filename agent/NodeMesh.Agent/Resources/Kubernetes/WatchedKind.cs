using NodeMesh.Agent.Resources.Documents;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>Which objects of a kind one list and watch brings, and what is kept of them.</summary>
internal sealed record WatchedKind(ResourceKind Kind)
{
    // Pods that have ended are nobody's endpoint and have no network: they need not be sent at all.
    private const string Alive = "status.phase!=Succeeded,status.phase!=Failed";

    /// <summary>For logs and problems.</summary>
    public string Name { get; init; } = Kind.Plural;

    public string FieldSelector { get; init; } = "";

    /// <summary>Of this namespace alone; empty: of the whole cluster.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Labels and annotations are all that is read of it: the API server need not send the rest.</summary>
    public bool IsMetadataOnly { get; init; }

    /// <summary>Of a custom resource definition, which need not be installed.</summary>
    public bool IsOptional => Kind.Group is not ("" or "discovery.k8s.io");

    /// <summary>What of an object stays in memory.</summary>
    public Func<IResource, IResource> Keep { get; init; } = KeptFields.OfAny;

    /// <summary>The versions that are read, the wanted one first: an API server may serve only an older.</summary>
    public IReadOnlyList<string> Versions { get; } = [Kind.ApiVersion, .. Kind.OtherVersions];

    public string Path(string version) => ApiPaths.Of(version, Kind.Plural, Namespace);

    /// <param name="node">This node's name: its pods are read in full, of the others only what the mesh shows and balances by.</param>
    public static IReadOnlyList<WatchedKind> All(string node) => [.. Kinds.All.Where(kind => !kind.IsReadByReference).SelectMany(kind => Of(kind, node))];

    /// <summary>One object of a kind that is read by reference.</summary>
    public static WatchedKind One(ResourceKind kind, string ns, string name) => new(kind)
    {
        Name = $"{kind.Name} {ns}/{name}", Namespace = ns, FieldSelector = $"metadata.name={name}",
    };

    /// <summary>What is installed of custom kinds, so that one that was absent is asked for when it may be there. Nothing of it is kept.</summary>
    public static WatchedKind Definitions { get; } = new(new ResourceKind<Definition>(
        "CustomResourceDefinition", "apiextensions.k8s.io/v1", "customresourcedefinitions", ModelJson.Default.Definition,
        (it, metadata) => it with { Metadata = metadata }, _ => System.Collections.Immutable.ImmutableSortedDictionary<string, Definition>.Empty, (set, _) => set)
    {
        IsNamespaced = false,
    })
    {
        IsMetadataOnly = true,
        Keep = definition => new Definition { Metadata = new ObjectMeta { Name = definition.Metadata.Name } },
    };

    private static IEnumerable<WatchedKind> Of(ResourceKind kind, string node)
    {
        if (kind == Kinds.Pod)
        {
            yield return new WatchedKind(kind)
            {
                Name = "pods of this node", FieldSelector = $"spec.nodeName={node},{Alive}",
            };
            var pool = new PodFields();
            yield return new WatchedKind(kind)
            {
                Name = "pods of other nodes", FieldSelector = $"spec.nodeName!={node},spec.nodeName!=,{Alive}", Keep = pod => pool.Keep((Pod)pod),
            };
        }
        else
        {
            yield return new WatchedKind(kind) { IsMetadataOnly = kind == Kinds.Namespace || kind == Kinds.Node };
        }
    }
}
