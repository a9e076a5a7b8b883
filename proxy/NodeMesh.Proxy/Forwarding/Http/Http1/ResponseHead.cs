using System.Buffers.Text;
using System.Globalization;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>The head of a response as an upstream sent it, and what it means for the message and the connection (RFC 9112 sections 4, 6 and 9).</summary>
internal sealed class ResponseHead
{
    public const int MaxLength = 256 * 1024;

    private bool _isHttp10;
    private bool _saysClose;
    private bool _saysKeepAlive;
    private int _scanned;

    public int Status { get; private set; }

    public string ReasonPhrase { get; private set; } = "";

    public FieldList Fields { get; } = new();

    public long? ContentLength { get; private set; }

    public bool HasTransferEncoding { get; private set; }

    public bool IsChunked { get; private set; }

    /// <summary>Both lengths: the declared one does not count, and who sent such a thing may not see the end of the message where we do (section 6.3).</summary>
    public bool IsAmbiguous => HasTransferEncoding && (ContentLength is not null || _isHttp10);

    /// <summary>Whether the connection may be used again, once the body has come to its own end.</summary>
    public bool KeepsConnection => !_saysClose && !IsAmbiguous && (!_isHttp10 || _saysKeepAlive);

    public void Reset()
    {
        _scanned = 0;
        Fields.Clear();
        ContentLength = null;
        _isHttp10 = _saysClose = _saysKeepAlive = HasTransferEncoding = IsChunked = false;
    }

    /// <param name="bytes">What has come, from the beginning of the head. Each call sees the same bytes, and more.</param>
    /// <param name="consumed">The length of a complete head.</param>
    public ParseStatus Parse(ReadOnlySpan<byte> bytes, out int consumed)
    {
        consumed = 0;
        var prefix = "HTTP/1."u8;
        var shown = Math.Min(bytes.Length, prefix.Length);
        if (!bytes[..shown].SequenceEqual(prefix[..shown]))
        {
            return ParseStatus.Malformed; // at once: it may never send an empty line
        }
        var end = FieldLines.FindEnd(bytes, ref _scanned);
        if (end == 0)
        {
            return bytes.Length > MaxLength ? ParseStatus.Malformed : ParseStatus.Incomplete;
        }
        var head = bytes[..end];
        if (end > MaxLength || !TryStatusLine(FieldLines.NextLine(ref head)) || !FieldLines.TryParse(head, Fields) || !TryFraming())
        {
            return ParseStatus.Malformed;
        }
        consumed = end;
        return ParseStatus.Complete;
    }

    public BodyLength BodyLength(bool isHead) =>
        isHead || Status is < 200 or 204 or 304 ? Http1.BodyLength.None
        : IsChunked ? Http1.BodyLength.Chunked
        : HasTransferEncoding || ContentLength is null ? Http1.BodyLength.UntilClose
        : ContentLength == 0 ? Http1.BodyLength.None
        : Http1.BodyLength.Declared;

    // "HTTP/1.1 200 OK"; many servers leave out the space when there is no reason phrase.
    private bool TryStatusLine(ReadOnlySpan<byte> line)
    {
        if (line.Length < 12 || line[7] is < (byte)'0' or > (byte)'9' || line[8] != ' '
            || !Utf8Parser.TryParse(line[9..12], out int status, out var digits) || digits != 3 || status < 100
            || (line.Length > 12 && line[12] != ' '))
        {
            return false;
        }
        _isHttp10 = line[7] == '0';
        Status = status;
        var reason = line.Length > 13 ? line[13..] : default;
        if (!FieldLines.IsText(reason))
        {
            return false;
        }
        if (!System.Text.Ascii.Equals(reason, ReasonPhrase))
        {
            ReasonPhrase = FieldLines.Text(reason);
        }
        return true;
    }

    private bool TryFraming()
    {
        for (var index = 0; index < Fields.Count; index++)
        {
            ref readonly var field = ref Fields[index];
            switch (field.Name.Length)
            {
                case 10 when Is(field.Name, "Connection"):
                    _saysClose |= Lists(field.Value, "close");
                    _saysKeepAlive |= Lists(field.Value, "keep-alive");
                    break;
                case 14 when Is(field.Name, "Content-Length"):
                    if (!TryContentLength(field.Value))
                    {
                        return false;
                    }
                    break;
                case 17 when Is(field.Name, "Transfer-Encoding"):
                    if (!TryTransferEncoding(field.Value))
                    {
                        return false;
                    }
                    break;
            }
        }
        return true;
    }

    // "5", and also "5, 5" or the field twice, as long as all say the same (RFC 9110 section 8.6).
    private bool TryContentLength(string value)
    {
        foreach (var range in value.AsSpan().Split(','))
        {
            var digits = value.AsSpan(range).Trim(' ');
            if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length) || (ContentLength is { } other && other != length))
            {
                return false;
            }
            ContentLength = length;
        }
        return true;
    }

    private bool TryTransferEncoding(string value)
    {
        foreach (var range in value.AsSpan().Split(','))
        {
            var coding = value.AsSpan(range).Trim(" \t");
            if (coding.Length == 0 || coding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            {
                continue; // what servers older than RFC 7230 call none
            }
            if (IsChunked)
            {
                return false; // nothing comes after chunked, least of all chunked
            }
            HasTransferEncoding = true;
            IsChunked = coding.Equals("chunked", StringComparison.OrdinalIgnoreCase);
        }
        return true;
    }

    private static bool Lists(string list, string option)
    {
        foreach (var range in list.AsSpan().Split(','))
        {
            if (list.AsSpan(range).Trim(" \t").Equals(option, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }
        return false;
    }

    private static bool Is(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
