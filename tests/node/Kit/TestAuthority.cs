using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace NodeMesh.NodeTests.Kit;

/// <summary>A certificate authority of a test's own.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _root;

    public TestAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        _root = request.CreateSelfSigned(now.AddDays(-2), now.AddDays(60));
    }

    /// <summary>What those are given who shall trust it.</summary>
    public string Pem => _root.ExportCertificatePem();

    /// <summary>A certificate and its key, as one text.</summary>
    public string Issue(string[] names, params string[] uris)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            alternatives.AddDnsName(name);
        }
        foreach (var uri in uris)
        {
            alternatives.AddUri(new Uri(uri));
        }
        request.CertificateExtensions.Add(alternatives.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(_root, now.AddDays(-1), now.AddDays(30), RandomNumberGenerator.GetBytes(8));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }

    /// <summary>A ConfigMap with what it is to be trusted by.</summary>
    public string ConfigMap(string name) => $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: {{name}}, namespace: default}
        data:
          ca.crt: |
            {{Pem.ReplaceLineEndings("\n    ")}}

        """;

    public void Dispose() => _root.Dispose();
}
