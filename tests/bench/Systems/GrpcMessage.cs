using System.Buffers.Binary;

namespace NodeMesh.Bench.Systems;

internal static class GrpcMessage
{
    /// <summary>A length-prefixed, uncompressed message of so many bytes.</summary>
    public static byte[] Frame(int size)
    {
        var frame = new byte[5 + size];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), size);
        return frame;
    }
}
