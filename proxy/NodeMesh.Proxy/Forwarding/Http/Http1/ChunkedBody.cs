namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>
/// Takes a chunked body apart (RFC 9112 section 7.1). Lines end with CRLF here and with nothing else: where a lone LF ends a chunk for one
/// and not for the other, a message can be hidden in another.
/// </summary>
internal struct ChunkedBody
{
    private const int MaxSizeLine = 4096; // with chunk extensions, which end here
    private const int MaxTrailers = 64 * 1024;
    private const int MaxSizeDigits = 15;

    private State _state;
    private long _left;
    private int _scanned;

    private enum State
    {
        Size,
        Data,
        DataEnd,
        Trailers,
    }

    /// <summary>Takes what is there up to the end of some data, of the bytes, or of the body.</summary>
    /// <param name="bytes">What has come and was not consumed.</param>
    /// <param name="consumed">How much of it the caller can forget.</param>
    /// <param name="data">Content found in it; never empty unless there is no more in these bytes.</param>
    /// <param name="trailers">Filled when the body is complete.</param>
    public ParseStatus Next(ReadOnlySpan<byte> bytes, out int consumed, out ReadOnlySpan<byte> data, FieldList trailers)
    {
        consumed = 0;
        data = default;
        while (true)
        {
            var rest = bytes[consumed..];
            switch (_state)
            {
                case State.Size:
                    var feed = rest.IndexOf((byte)'\n');
                    if (feed < 0)
                    {
                        return rest.Length > MaxSizeLine ? ParseStatus.Malformed : ParseStatus.Incomplete;
                    }
                    if (feed > MaxSizeLine || feed < 2 || rest[feed - 1] != '\r' || !TrySize(rest[..(feed - 1)]))
                    {
                        return ParseStatus.Malformed;
                    }
                    consumed += feed + 1;
                    _state = _left == 0 ? State.Trailers : State.Data;
                    break;

                case State.Data:
                    if (rest.Length == 0)
                    {
                        return ParseStatus.Incomplete;
                    }
                    data = rest[..(int)Math.Min(_left, rest.Length)];
                    consumed += data.Length;
                    _left -= data.Length;
                    _state = _left == 0 ? State.DataEnd : State.Data;
                    return ParseStatus.Incomplete;

                case State.DataEnd:
                    if (rest.Length < 2)
                    {
                        return rest.Length == 1 && rest[0] != '\r' ? ParseStatus.Malformed : ParseStatus.Incomplete;
                    }
                    if (rest[0] != '\r' || rest[1] != '\n')
                    {
                        return ParseStatus.Malformed;
                    }
                    consumed += 2;
                    _state = State.Size;
                    break;

                default:
                    var end = FieldLines.FindEnd(rest, ref _scanned);
                    if (end == 0)
                    {
                        return rest.Length > MaxTrailers ? ParseStatus.Malformed : ParseStatus.Incomplete;
                    }
                    trailers.Clear();
                    consumed += end;
                    return FieldLines.TryParse(rest[..end], trailers) ? ParseStatus.Complete : ParseStatus.Malformed;
            }
        }
    }

    private bool TrySize(ReadOnlySpan<byte> line)
    {
        _left = 0;
        var digits = 0;
        while (digits < line.Length && HexDigit(line[digits]) is >= 0 and var digit)
        {
            if (++digits > MaxSizeDigits)
            {
                return false;
            }
            _left = (_left << 4) | (uint)digit;
        }
        var rest = line[digits..].TrimStart(" \t"u8);
        return digits > 0 && (rest.Length == 0 || (rest[0] == ';' && FieldLines.IsText(rest)));
    }

    private static int HexDigit(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => character - '0',
        >= (byte)'a' and <= (byte)'f' => character - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => character - 'A' + 10,
        _ => -1,
    };
}
