namespace NodeMesh.TestApp.Serving;

/// <summary>grpc.health.v1.Health/Check, byte by byte: SERVING, or NOT_SERVING while the file is not there.</summary>
internal sealed class GrpcHealth(string? file)
{
    public const string Path = "/grpc.health.v1.Health/Check";

    public async Task AnswerAsync(HttpContext context)
    {
        byte status = file is null || File.Exists(file) ? (byte)1 : (byte)2;
        context.Response.ContentType = "application/grpc";
        // HealthCheckResponse { status }, with the prefix of a message that is not compressed.
        await context.Response.Body.WriteAsync(new byte[] { 0, 0, 0, 0, 2, 8, status });
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
