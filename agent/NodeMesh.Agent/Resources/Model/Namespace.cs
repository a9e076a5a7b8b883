namespace NodeMesh.Agent.Resources.Model;

internal sealed record Namespace : IResource
{
    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;
}
