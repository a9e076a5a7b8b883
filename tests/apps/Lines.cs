using System.Text;

namespace NodeMesh.TestApp;

/// <summary>Lines on a raw connection, read byte by byte so that nothing behind the line is swallowed.</summary>
internal static class Lines
{
    public static ValueTask WriteLineAsync(this Stream stream, string line, CancellationToken cancellation) =>
        stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancellation);

    /// <summary>Null when the peer has closed before a whole line came.</summary>
    public static async Task<string?> ReadLineAsync(this Stream stream, CancellationToken cancellation)
    {
        var line = new MemoryStream();
        var one = new byte[1];
        while (await stream.ReadAsync(one, cancellation) == 1)
        {
            if (one[0] == '\n')
            {
                return Encoding.UTF8.GetString(line.ToArray()).TrimEnd('\r');
            }
            line.WriteByte(one[0]);
        }
        return null;
    }
}
