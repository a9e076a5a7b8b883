using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace NodeMesh.TestApp.Serving;

/// <summary>TLS with a certificate of its own: one line of JSON (what was seen, SNI too), then every byte back.</summary>
internal sealed class TlsEcho(string name)
{
    private readonly SslStreamCertificateContext _certificate = SslStreamCertificateContext.Create(Make(name), null, offline: true);

    public async Task ServeAsync(Socket socket)
    {
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = _certificate });
        await tls.WriteLineAsync(Arguments.ToJson(Seen.Of(name, socket) with { Sni = tls.TargetHostName }), default);
        await tls.CopyToAsync(tls);
    }

    /// <summary>The subject is the pod's name: a client sees who ended the TLS.</summary>
    private static X509Certificate2 Make(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
    }
}
