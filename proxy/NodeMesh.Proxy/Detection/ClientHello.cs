using System.Buffers.Binary;
using System.Text;

namespace NodeMesh.Proxy.Detection;

/// <summary>What a TLS ClientHello says in clear (RFC 8446, 4.1.2): the server's name and the protocols offered.</summary>
/// <param name="ServerName">SNI, in lower case; null when there is none.</param>
/// <param name="Protocols">ALPN, in the client's order.</param>
internal sealed record ClientHello(string? ServerName, IReadOnlyList<string> Protocols)
{
    public const byte HandshakeRecord = 22;

    private const byte ClientHelloMessage = 1;
    private const ushort ServerNameExtension = 0;
    private const ushort AlpnExtension = 16;
    private const int RecordHeader = 5;
    private const int MessageHeader = 4;
    private const int MaxRecord = 16 * 1024;
    private const int MaxName = 255;
    private const int MaxProtocols = 16;

    /// <summary>Tls once the message is whole, Undecided while it may become so, Opaque when it is none.</summary>
    internal static Verdict Classify(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 1 && bytes[1] != 3)
        {
            return Verdict.Opaque;
        }
        if (bytes.Length < RecordHeader + MessageHeader)
        {
            return Verdict.Undecided;
        }
        var record = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
        if (record is < MessageHeader or > MaxRecord || bytes[RecordHeader] != ClientHelloMessage)
        {
            return Verdict.Opaque;
        }

        // A message in several records is legal and rare; what the first one has is enough to relay it.
        var message = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordHeader..]) & 0xffffff;
        var whole = RecordHeader + Math.Min(record, MessageHeader + message);
        return bytes.Length >= Math.Min(whole, Detector.MaxBytes) ? Verdict.Tls : Verdict.Undecided;
    }

    /// <summary>Reads what there is; nothing in it is trusted, and a message cut short or malformed gives what could be read before.</summary>
    public static ClientHello Parse(ReadOnlySpan<byte> bytes)
    {
        string? name = null;
        List<string> protocols = [];
        var reader = new Cursor(Join(bytes));
        if (reader.Skip(2 + 32) && reader.SkipVector8() && reader.SkipVector16() && reader.SkipVector8() && reader.Skip(2))
        {
            while (reader.TryReadUInt16(out var type) && reader.TryReadVector16(out var extension))
            {
                var inner = new Cursor(extension);
                if (type == ServerNameExtension && name is null)
                {
                    name = ReadServerName(ref inner);
                }
                else if (type == AlpnExtension && protocols.Count == 0 && inner.Skip(2))
                {
                    while (protocols.Count < MaxProtocols && inner.TryReadVector8(out var protocol) && !protocol.IsEmpty)
                    {
                        protocols.Add(Encoding.Latin1.GetString(protocol));
                    }
                }
            }
        }
        return new ClientHello(name, protocols);
    }

    // The message's body, put together from its records.
    private static ReadOnlySpan<byte> Join(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < RecordHeader + MessageHeader)
        {
            return [];
        }
        var record = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
        var message = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordHeader..]) & 0xffffff;
        var first = bytes[RecordHeader..Math.Min(bytes.Length, RecordHeader + record)];
        if (MessageHeader + message <= record || first.Length < record)
        {
            return first.Length > MessageHeader ? first[MessageHeader..Math.Min(first.Length, MessageHeader + message)] : [];
        }
        var joined = new byte[Math.Min(bytes.Length, MessageHeader + message)];
        var length = 0;
        while (length < joined.Length && bytes.Length > RecordHeader && bytes[0] == HandshakeRecord)
        {
            var part = bytes[RecordHeader..Math.Min(bytes.Length, RecordHeader + BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]))];
            if (part.IsEmpty)
            {
                break;
            }
            var taken = part[..Math.Min(part.Length, joined.Length - length)];
            taken.CopyTo(joined.AsSpan(length));
            length += taken.Length;
            bytes = bytes[(RecordHeader + part.Length)..];
        }
        return length > MessageHeader ? joined.AsSpan(MessageHeader, length - MessageHeader) : [];
    }

    private static string? ReadServerName(ref Cursor list)
    {
        if (!list.Skip(2))
        {
            return null;
        }
        while (list.TryReadByte(out var type) && list.TryReadVector16(out var name))
        {
            // RFC 6066, 3: type 0 is host_name, in ASCII. Anything else would only serve to forge log lines.
            if (type == 0)
            {
                return name.Length is > 0 and <= MaxName && !name.ContainsAnyExceptInRange((byte)'!', (byte)'~')
                    ? Encoding.ASCII.GetString(name).ToLowerInvariant()
                    : null;
            }
        }
        return null;
    }

    private ref struct Cursor(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public bool Skip(int count)
        {
            if (_rest.Length < count)
            {
                return false;
            }
            _rest = _rest[count..];
            return true;
        }

        public bool SkipVector8() => TryReadVector8(out _);

        public bool SkipVector16() => TryReadVector16(out _);

        public bool TryReadByte(out byte value)
        {
            value = _rest.IsEmpty ? default : _rest[0];
            return Skip(1);
        }

        public bool TryReadUInt16(out ushort value)
        {
            value = _rest.Length < 2 ? default : BinaryPrimitives.ReadUInt16BigEndian(_rest);
            return Skip(2);
        }

        public bool TryReadVector8(out ReadOnlySpan<byte> vector)
        {
            vector = default;
            return TryReadByte(out var length) && TryReadBytes(length, out vector);
        }

        public bool TryReadVector16(out ReadOnlySpan<byte> vector)
        {
            vector = default;
            return TryReadUInt16(out var length) && TryReadBytes(length, out vector);
        }

        private bool TryReadBytes(int count, out ReadOnlySpan<byte> value)
        {
            var rest = _rest;
            var there = Skip(count);
            value = there ? rest[..count] : default;
            return there;
        }
    }
}
