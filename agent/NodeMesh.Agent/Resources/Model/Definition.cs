namespace NodeMesh.Agent.Resources.Model;

/// <summary>A CustomResourceDefinition: that it is there is all that is read of it.</summary>
internal sealed record Definition : IResource
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;
}
