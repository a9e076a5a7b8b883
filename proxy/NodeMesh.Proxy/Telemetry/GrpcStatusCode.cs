using System.Globalization;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>gRPC status codes as label values. A server may send anything: what is no code of the specification is one value.</summary>
internal static class GrpcStatusCode
{
    public const string DeadlineExceeded = "4";
    public const string PermissionDenied = "7";
    public const string ResourceExhausted = "8";
    public const string Unimplemented = "12";
    public const string Unauthenticated = "16";
    public const string Unavailable = "14";

    private static readonly string[] Codes = [.. Enumerable.Range(0, 17).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    /// <returns>"0" to "16", "unknown" for anything else, empty for null.</returns>
    public static string Known(string? status)
    {
        if (status is null)
        {
            return "";
        }
        return int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code < Codes.Length ? Codes[code] : TrafficLabels.Unknown;
    }
}
