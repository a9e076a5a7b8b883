using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>A resource of group nodemesh.io that says something about what it is attached to.</summary>
internal interface IPolicy : IResource
{
    [JsonIgnore]
    string Kind { get; }

    [JsonIgnore]
    IReadOnlyList<TargetReference> Targets { get; }
}
