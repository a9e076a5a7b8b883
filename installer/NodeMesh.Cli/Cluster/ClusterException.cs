using System.Net;

namespace NodeMesh.Cli.Cluster;

/// <summary>The cluster refused, or could not be reached. The message names the object, the cause and, where there is one, the remedy.</summary>
internal sealed class ClusterException(string message, HttpStatusCode? status = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>null: there was no answer.</summary>
    public HttpStatusCode? Status => status;

    /// <summary>The API server says so itself, not somebody whose answer it passes on.</summary>
    public bool IsOfServer { get; init; }
}
