using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>Who claims what only one can have. The oldest holds it; who has no age comes after those who have; then by id.</summary>
internal readonly record struct Claimant(DateTimeOffset Created, string Id)
{
    public static IComparer<Claimant> Seniority { get; } = Comparer<Claimant>.Create((a, b) =>
        a.Created.CompareTo(b.Created) is var order && order != 0 ? order : string.CompareOrdinal(a.Id, b.Id));

    public static Claimant Of(ObjectMeta metadata) => new(metadata.CreationTimestamp ?? DateTimeOffset.MaxValue, metadata.Id);
}
