namespace NodeMesh.Agent.Resources.Model;

/// <summary>
/// A declared object. Immutable: a changed object is another instance, and one that did not change stays the same instance from one
/// <see cref="ResourceSet"/> to the next, so that what changed is found by comparing references.
/// </summary>
internal interface IResource
{
    ObjectMeta Metadata { get; }
}
