using System.Globalization;

namespace NodeMesh.Proxy.Routing;

/// <summary>The field grpc-timeout (gRPC over HTTP/2): up to eight digits and a unit.</summary>
internal static class GrpcTimeout
{
    private const int MaxDigits = 8;

    /// <summary>null: there is none, or it is malformed, which is the server's to complain about.</summary>
    public static TimeSpan? Parse(string? text)
    {
        if (text is not { Length: >= 2 and <= MaxDigits + 1 }
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return null;
        }
        return text[^1] switch
        {
            'H' => TimeSpan.FromHours(count),
            'M' => TimeSpan.FromMinutes(count),
            'S' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMilliseconds(count),
            'u' => TimeSpan.FromMicroseconds(count),
            'n' => TimeSpan.FromMicroseconds(count / 1000.0),
            _ => null,
        };
    }
}
