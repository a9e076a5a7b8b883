using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Resources.Model;

/// <summary>HTTPRoute, GRPCRoute, TLSRoute or TCPRoute.</summary>
internal interface IRoute : IResource
{
    [JsonIgnore]
    string Kind { get; }

    [JsonIgnore]
    IReadOnlyList<ParentReference> Parents { get; }
}
