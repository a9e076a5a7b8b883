using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.TestApiServer.Faults;

/// <summary>Something that goes wrong with the requests it fits.</summary>
public sealed record Fault(Func<ApiRequest, bool> When)
{
    /// <summary>How many requests it spoils; then it is over.</summary>
    public int Times { get; init; } = int.MaxValue;

    /// <summary>The answer instead of the right one.</summary>
    public ApiRefusalException? Refusal { get; init; }

    /// <summary>The connection is cut: before any answer (0), or after so many objects or events of it.</summary>
    public int? CutAfter { get; init; }

    /// <summary>A watch says 410 after so many events.</summary>
    public int? ExpireAfter { get; init; }

    /// <summary>Before the answer, and in a watch before each event.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>A list is answered from this earlier state, as by an API server that is behind the others.</summary>
    public StaleState? Stale { get; init; }
}
