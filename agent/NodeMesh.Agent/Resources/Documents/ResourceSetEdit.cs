using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>Changes to a <see cref="ResourceSet"/>. What is not changed stays the same instance, dictionaries too.</summary>
internal sealed class ResourceSetEdit(ResourceSet set)
{
    private readonly Dictionary<ResourceKind, IKindEdit> _edits = [];

    /// <param name="resource">null: the object is gone.</param>
    public void Put(ResourceKind kind, string id, IResource? resource)
    {
        if (!_edits.TryGetValue(kind, out var edit))
        {
            _edits.Add(kind, edit = kind.Edit(set));
        }
        edit.Put(id, resource);
    }

    public ResourceSet Apply() => _edits.Values.Aggregate(set, (changed, edit) => edit.Apply(changed));
}
