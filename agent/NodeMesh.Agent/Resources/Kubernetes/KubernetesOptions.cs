namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>How the Kubernetes API is reached and watched.</summary>
internal sealed record KubernetesOptions
{
    /// <summary>The name of this node: its pods are watched in full.</summary>
    public required string Node { get; init; }

    /// <summary>null: the service account of the pod that the agent runs in.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>null: the current one of the kubeconfig.</summary>
    public string? Context { get; init; }

    /// <summary>Objects to a page of a list. As kubectl and client-go have it.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>A watch is asked to end by itself after this long to twice as long, so that agents spread over the API servers again.</summary>
    public TimeSpan WatchLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A watch that says nothing for this long is taken for dead: the API server sends a bookmark about every minute.</summary>
    public TimeSpan WatchSilence { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>The first wait after a failure; each next is twice as long, and a random part of up to a half is taken off.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often it is looked whether a kind that the API server did not know is there by now. It is looked at once when a custom resource
    /// definition comes; this is for where those may not be watched.
    /// </summary>
    public TimeSpan AbsentRetry { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Any answer but a watch must come within this time.</summary>
    public TimeSpan AnswerLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Changes that come this close together are one.</summary>
    public TimeSpan Gather { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>...and no two sets come sooner after one another than this: in a large cluster something changes all the time.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(250);
}
