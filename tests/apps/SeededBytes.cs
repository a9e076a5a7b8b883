using System.Runtime.InteropServices;

namespace NodeMesh.TestApp;

/// <summary>
/// The same bytes for the same seed, at memory speed (xorshift64): both ends make the stream and compare it byte by byte, so a
/// lost, doubled or swapped block shows at its place. Chunks must be asked for in the same sizes on both ends: use <see cref="Block"/>.
/// </summary>
public sealed class SeededBytes(int seed)
{
    public const int Block = 64 * 1024;

    private readonly byte[] _block = new byte[Block];
    private ulong _state = (ulong)seed * 0x9E3779B97F4A7C15 + 1;

    /// <summary>The next block; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        var state = _state;
        foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(_block.AsSpan()))
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word = state;
        }
        _state = state;
        return _block;
    }

    public async Task SendAsync(Stream stream, long length, CancellationToken cancellation)
    {
        for (var left = length; left > 0; left -= Block)
        {
            await stream.WriteAsync(Next()[..(int)Math.Min(left, Block)], cancellation);
        }
    }

    /// <exception cref="InvalidDataException">The bytes are not the stream's, or end early.</exception>
    public async Task ExpectAsync(Stream stream, long length, CancellationToken cancellation)
    {
        var buffer = new byte[Block];
        for (long at = 0; at < length; at += Block)
        {
            var part = buffer.AsMemory(0, (int)Math.Min(length - at, Block));
            var got = await stream.ReadAtLeastAsync(part, part.Length, throwOnEndOfStream: false, cancellation);
            if (got < part.Length)
            {
                throw new InvalidDataException($"the stream ended after {at + got} of {length} bytes");
            }
            if (!part.Span.SequenceEqual(Next().Span[..part.Length]))
            {
                throw new InvalidDataException($"wrong bytes between {at} and {at + part.Length}");
            }
        }
    }
}
