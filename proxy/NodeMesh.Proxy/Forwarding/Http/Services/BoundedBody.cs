using System.Buffers;
using System.IO.Pipelines;

namespace NodeMesh.Proxy.Forwarding.Http.Services;

/// <summary>Reads bodies that are needed whole, and no longer ones.</summary>
internal static class BoundedBody
{
    /// <exception cref="ServiceCallException">It is longer.</exception>
    public static async Task<byte[]> ReadAsync(HttpContent content, int bound, CancellationToken limit)
    {
        await using var stream = await content.ReadAsStreamAsync(limit);
        return await ReadAsync(PipeReader.Create(stream), bound, limit) ?? throw new ServiceCallException($"the answer is longer than {bound} bytes");
    }

    /// <returns>null: it is longer, and how much of it has been read is not said.</returns>
    public static async Task<byte[]?> ReadAsync(PipeReader reader, int bound, CancellationToken limit)
    {
        var kept = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await reader.ReadAsync(limit);
            if (kept.WrittenCount + read.Buffer.Length > bound)
            {
                reader.AdvanceTo(read.Buffer.Start);
                return null;
            }
            foreach (var part in read.Buffer)
            {
                kept.Write(part.Span);
            }
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return kept.WrittenSpan.ToArray();
            }
        }
    }
}
