using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Security;

/// <summary>One BackendTLSPolicy, ready to be carried out. Immutable.</summary>
internal sealed class BackendTlsEntry
{
    private static int _last;

    private readonly X509Certificate2Collection _roots = [];

    public BackendTlsEntry(BackendTls rules)
    {
        Rules = rules;
        foreach (var pem in rules.CaCertificates)
        {
            _roots.ImportFromPem(pem);
        }
    }

    /// <summary>Tells it from every other of this process: connections made by one policy are used by no other.</summary>
    public int Id { get; } = Interlocked.Increment(ref _last);

    public BackendTls Rules { get; }

    /// <summary>Speaks TLS on a connection just opened.</summary>
    /// <param name="http2">The version of HTTP that will be spoken; null: none.</param>
    /// <param name="transport">Closed with what is returned; by the caller if nothing is.</param>
    /// <exception cref="AuthenticationException">The other side is not who it should be, or does not speak what it should.</exception>
    /// <exception cref="IOException">It broke off.</exception>
    public async ValueTask<SslStream> OpenAsync(Stream transport, bool? http2, CancellationToken cancellation)
    {
        if (Rules.Unusable.Length > 0)
        {
            throw new AuthenticationException($"BackendTLSPolicy {Rules.Policy}: {Rules.Unusable}");
        }
        var stream = new SslStream(transport);
        try
        {
            await stream.AuthenticateAsClientAsync(Options(http2), cancellation);
            if (http2 == true && stream.NegotiatedApplicationProtocol != SslApplicationProtocol.Http2)
            {
                throw new AuthenticationException($"BackendTLSPolicy {Rules.Policy}: the server does not speak HTTP/2");
            }
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private SslClientAuthenticationOptions Options(bool? http2)
    {
        var chain = new X509ChainPolicy
        {
            TrustMode = Rules.SystemCa ? X509ChainTrustMode.System : X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true, // the proxy asks nobody on behalf of a pod
        };
        chain.CustomTrustStore.AddRange(_roots);
        return new SslClientAuthenticationOptions
        {
            TargetHost = Rules.Hostname,
            ApplicationProtocols = http2 is { } version ? [version ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11] : null,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = chain,
            // A session that is resumed was trusted by whatever rules were in force then.
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate as X509Certificate2, errors),
        };
    }

    // The name asked for counts only where no alternatives are given (Gateway API, BackendTLSPolicyValidation.hostname).
    private bool IsTrusted(X509Certificate2? certificate, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) != SslPolicyErrors.None)
        {
            return false;
        }
        return Rules.DnsNames.Count + Rules.Uris.Count == 0
            ? errors == SslPolicyErrors.None
            : AlternativeNames.Of(certificate).HasAny(Rules.DnsNames, Rules.Uris);
    }
}
