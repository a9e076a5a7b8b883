namespace NodeMesh.Agent.Resources.Model;

/// <summary>A machine of the cluster: its zone is all that is read of it.</summary>
internal sealed record Node : IResource
{
    public const string ZoneLabel = "topology.kubernetes.io/zone";

    public ObjectMeta Metadata { get; init => field = value ?? ObjectMeta.Empty; } = ObjectMeta.Empty;
}
