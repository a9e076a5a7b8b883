using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace NodeMesh.UnitTests;

/// <summary>An authority, and what it issues.</summary>
internal static class TestCertificates
{
    private static readonly X509Certificate2 Root = Authority("root");

    public static string AuthorityPem => Root.ExportCertificatePem();

    /// <summary>Of another authority.</summary>
    public static string OtherPem { get; } = Authority("other").ExportCertificatePem();

    /// <summary>With its key.</summary>
    public static X509Certificate2 Issue(string[] names, string[]? uris = null, int days = 30)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        Array.ForEach(names, alternatives.AddDnsName);
        Array.ForEach(uris ?? [], uri => alternatives.AddUri(new Uri(uri)));
        if (names.Length + (uris?.Length ?? 0) > 0)
        {
            request.CertificateExtensions.Add(alternatives.Build());
        }
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(Root, now.AddDays(-60), now.AddDays(days), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-90), now.AddDays(90));
    }
}
