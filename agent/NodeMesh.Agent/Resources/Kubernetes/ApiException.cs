using System.Net;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>The API server refused, or could not be reached. The message names the request and the cause.</summary>
/// <param name="status">null: there was no answer.</param>
/// <param name="reason">As in the field reason of a Status, such as Forbidden or Expired.</param>
internal sealed class ApiException(HttpStatusCode? status, string reason, string message, TimeSpan? retryAfter = null, Exception? inner = null)
    : Exception(message, inner)
{
    public HttpStatusCode? Status => status;

    public string Reason => reason;

    /// <summary>How long the API server asks to be left alone.</summary>
    public TimeSpan? RetryAfter => retryAfter;

    /// <summary>What was asked for is older than what the API server remembers: all must be listed anew.</summary>
    public bool IsExpired => status == HttpStatusCode.Gone || reason is "Expired" or "Gone";

    /// <summary>The API server has not seen what this agent has seen; it is behind, or its store was set back.</summary>
    public bool IsBehind => status == HttpStatusCode.GatewayTimeout || reason == "Timeout";

    public bool IsNotFound => status == HttpStatusCode.NotFound;

    public bool IsConflict => status == HttpStatusCode.Conflict;
}
