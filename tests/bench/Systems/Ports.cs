namespace NodeMesh.Bench.Systems;

/// <summary>What the server pods listen on, and every system in front of them on the same numbers.</summary>
internal static class Ports
{
    public const int Http1 = 8080;
    public const int H2c = 8081;
    public const int Grpc = 8082;
    public const int Echo = 9000;
    public const int Once = 9001;
    public const int Sink = 9002;

    public static readonly int[] Opaque = [Echo, Once, Sink];

    public static readonly int[] All = [Http1, H2c, Grpc, .. Opaque];
}
