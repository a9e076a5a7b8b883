using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Resilience;

/// <summary>Whether a request that failed is sent again, and when. Nothing is, that no route asks for.</summary>
internal static class RetryPolicy
{
    // The wait doubles with each try, up to this many times the first.
    private const int MaxGrowth = 10;

    /// <summary>How much of a request's body is kept so that it can be sent again; a longer one is sent once.</summary>
    public const int MaxBody = 64 * 1024;

    /// <param name="status">What the upstream answered, or the mesh would answer in its place.</param>
    /// <param name="reason">Why the upstream did not answer; <see cref="Reason.None"/>: it did.</param>
    /// <param name="namesMethod">The route is for this very method: whoever asks for retries of POST has thought of it.</param>
    public static bool MayRetry(RouteRetry retry, string method, bool namesMethod, int status, Reason reason)
    {
        // The upstream has seen nothing of it.
        if (reason is Reason.UpstreamConnect or Reason.UpstreamTls or Reason.NoEndpoints)
        {
            return true;
        }
        if (!namesMethod && !IsIdempotent(method))
        {
            return false;
        }
        return reason is Reason.UpstreamReset or Reason.TimeoutBackend || (reason == Reason.None && retry.Codes.Contains((uint)status));
    }

    /// <summary>Before the given retry, counted from 1: at least the route's backoff, or as long as the upstream asked for.</summary>
    public static TimeSpan Wait(RouteRetry retry, int number, TimeSpan? retryAfter, Random random)
    {
        var least = TimeSpan.FromMilliseconds(retry.BackoffMilliseconds);
        var growth = Math.Min(1 << Math.Min(number - 1, 16), MaxGrowth);
        // Jitter keeps those who failed together from coming back together.
        var wait = least + (least * ((growth - 1) + growth) * random.NextDouble() / 2);
        return retryAfter > wait ? retryAfter.Value : wait;
    }

    /// <summary>RFC 9110 section 9.2.2.</summary>
    public static bool IsIdempotent(string method) => method is "GET" or "HEAD" or "OPTIONS" or "TRACE" or "PUT" or "DELETE";
}
