using System.Globalization;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Telemetry.Tracing;

/// <summary>
/// A request's part in a trace: where it comes from, and the spans that the mesh adds. What enters a pod of this node from another has two, as it would
/// with a proxy beside each pod: the client's, and below it the server's.
/// </summary>
internal sealed class TraceContext
{
    private const int Million = 1_000_000;

    private TraceContext(TracingRules rules, TraceParent? parent, bool isSampled, bool isInbound, Random random)
    {
        Rules = rules;
        TraceId = parent?.TraceId ?? Digits(random, 16);
        ParentId = parent?.SpanId;
        Flags = (byte)(((parent?.Flags ?? 0) & ~1) | (isSampled ? 1 : 0));
        ClientSpanId = isInbound ? null : Digits(random, 8);
        ServerSpanId = isInbound || isSampled ? Digits(random, 8) : "";
    }

    public TracingRules Rules { get; }

    /// <summary>32 hexadecimal digits.</summary>
    public string TraceId { get; }

    /// <summary>The span that the request comes from; null: the trace begins here.</summary>
    public string? ParentId { get; }

    public byte Flags { get; }

    public bool IsSampled => (Flags & 1) != 0;

    /// <summary>null: it came from elsewhere, and its client's side is not this node's to tell.</summary>
    public string? ClientSpanId { get; }

    /// <summary>Of the side of the pod that it enters, if it does.</summary>
    public string ServerSpanId { get; }

    /// <summary>As it came; empty: there is none.</summary>
    public string State { get; init; } = "";

    /// <summary>It was told where it is to go that it entered a pod of this node.</summary>
    public bool HasServerSide { get; private set; }

    /// <param name="field">The value of a header field of the request; null: it has none.</param>
    /// <param name="isInbound">It was accepted for the pod it goes to.</param>
    /// <returns>null: its trace goes on without the mesh, since whoever began it does not sample it.</returns>
    public static TraceContext? Begin(TracingRules rules, Func<string, string?> field, bool isInbound, Random random)
    {
        var parent = TraceParent.Of(field);
        if (parent is { IsDecided: true, IsSampled: false })
        {
            return null;
        }
        // What has been decided counts for the whole trace; what has not is decided once, and told to all that follow.
        var isSampled = parent is { IsDecided: true } || random.Next(Million) < rules.PerMillion;
        return new TraceContext(rules, parent, isSampled, isInbound, random) { State = parent is null ? "" : field(TraceParent.StateHeader) ?? "" };
    }

    /// <summary>What the next attempt says of the trace.</summary>
    /// <param name="entersPod">A pod of this node.</param>
    public string HeaderFor(bool entersPod)
    {
        HasServerSide = entersPod;
        var span = ClientSpanId is null || (entersPod && IsSampled) ? ServerSpanId : ClientSpanId;
        return $"00-{TraceId}-{span}-{Flags.ToString("x2", CultureInfo.InvariantCulture)}";
    }

    private static string Digits(Random random, int bytes)
    {
        Span<byte> id = stackalloc byte[bytes];
        do
        {
            random.NextBytes(id);
        }
        while (!id.ContainsAnyExcept((byte)0)); // all zeros mean none
        return Convert.ToHexStringLower(id);
    }
}
