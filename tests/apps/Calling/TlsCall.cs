using System.Net.Security;
using System.Net.Sockets;

namespace NodeMesh.TestApp.Calling;

/// <summary>TLS from the app: the result names the certificate that ended it, which must be the server's own.</summary>
internal static class TlsCall
{
    public static async Task<CallResult> CallAsync(CallRequest request, CancellationToken cancellation)
    {
        using var socket = await Connector.ConnectAsync(request, default, cancellation);
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = request.Sni,
#pragma warning disable CA5359 // The test compares the subject instead.
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
            },
            cancellation);
        var server = Arguments.FromJson<Seen>(await OpaqueCall.LineAsync(tls, cancellation));
        return new CallResult
        {
            Ok = true,
            Server = server,
            Text = await OpaqueCall.EchoAsync(tls, request.Text, cancellation),
            Certificate = tls.RemoteCertificate?.Subject,
            Protocol = tls.SslProtocol.ToString(),
            Local = Seen.Text(socket.LocalEndPoint),
            Peer = Seen.Text(socket.RemoteEndPoint),
        };
    }
}
