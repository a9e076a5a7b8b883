using NodeMesh.Cli.Demo.Apps;

namespace NodeMesh.Cli.Demo;

/// <summary>The same clients before and after enrolment, as they saw it and as the mesh saw it.</summary>
internal sealed record CaptureProof(CaptureProof.Reading Before, CaptureProof.Reading Enrolled, CaptureProof.Reading Now)
{
    /// <summary>Counts since the clients started.</summary>
    /// <param name="MeshConnections">Connections the mesh has carried.</param>
    internal readonly record struct Reading(ClientCount ToPods, ClientCount ToServices, double MeshConnections)
    {
        public long Requests => ToPods.Requests + ToServices.Requests;

        public long Connections => ToPods.Connections + ToServices.Connections;
    }
}
