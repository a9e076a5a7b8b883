using System.Buffers;

namespace NodeMesh.Proxy.Telemetry.Tracing;

/// <summary>The part of a trace that a request comes from: W3C Trace Context (traceparent), or B3, which is read alone.</summary>
/// <param name="TraceId">32 hexadecimal digits in lower case.</param>
/// <param name="SpanId">16 of them.</param>
/// <param name="Flags">As they came; the lowest bit says that it is sampled.</param>
/// <param name="IsDecided">False: it leaves open whether it is sampled, as B3 may.</param>
internal readonly record struct TraceParent(string TraceId, string SpanId, byte Flags, bool IsDecided)
{
    public const string Header = "traceparent";
    public const string StateHeader = "tracestate";

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    private const int TraceDigits = 32, SpanDigits = 16, Length = 55;

    public bool IsSampled => (Flags & 1) != 0;

    /// <param name="field">The value of a header field of the request; null: it has none.</param>
    public static TraceParent? Of(Func<string, string?> field) => Parse(field(Header)) ?? ParseB3(field("b3")) ?? OfB3Fields(field);

    /// <summary>version-traceid-spanid-flags. Of later versions more may follow (W3C Trace Context, section 3.2.4).</summary>
    public static TraceParent? Parse(string? text)
    {
        if (text is null || text.Length < Length || text[2] != '-' || text[35] != '-' || text[52] != '-'
            || !IsHex(text.AsSpan(0, 2)) || text.StartsWith("ff", StringComparison.Ordinal) || !IsHex(text.AsSpan(53, 2))
            || (text.Length > Length && (text.StartsWith("00", StringComparison.Ordinal) || text[Length] != '-')))
        {
            return null;
        }
        var trace = text.AsSpan(3, TraceDigits);
        var span = text.AsSpan(36, SpanDigits);
        return IsId(trace) && IsId(span) ? new TraceParent(trace.ToString(), span.ToString(), (byte)((Digit(text[53]) << 4) | Digit(text[54])), IsDecided: true) : null;
    }

    // traceid-spanid[-sampled[-parentspanid]]
    private static TraceParent? ParseB3(string? text) =>
        text?.Split('-') is [var trace, var span, .. var rest] ? OfB3(trace, span, rest is [var sampled, ..] ? sampled : null, null) : null;

    private static TraceParent? OfB3Fields(Func<string, string?> field) =>
        field("x-b3-traceid") is { } trace && field("x-b3-spanid") is { } span ? OfB3(trace, span, field("x-b3-sampled"), field("x-b3-flags")) : null;

    private static TraceParent? OfB3(string trace, string span, string? sampled, string? flags)
    {
        trace = trace.ToLowerInvariant();
        span = span.ToLowerInvariant();
        if (trace.Length is not (SpanDigits or TraceDigits) || span.Length != SpanDigits || !IsId(trace) || !IsId(span))
        {
            return null;
        }
        bool? isSampled = flags == "1" ? true : sampled switch
        {
            "1" or "d" or "true" => true,
            "0" or "false" => false,
            _ => null,
        };
        return new TraceParent(trace.PadLeft(TraceDigits, '0'), span, isSampled == true ? (byte)1 : (byte)0, isSampled is not null);
    }

    private static bool IsId(ReadOnlySpan<char> text) => IsHex(text) && text.ContainsAnyExcept('0');

    // In upper case it is no valid traceparent.
    private static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Hex);

    private static int Digit(char digit) => digit <= '9' ? digit - '0' : digit - 'a' + 10;
}
