using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Validation;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>
/// A BackendTLSPolicy as the proxy has it. What can't be made out closes: a policy that asks for TLS must never lead to requests without it.
/// </summary>
internal static class BackendTlsCompiler
{
    public const string InvalidCertificateRef = "InvalidCACertificateRef";
    public const string NoValidCertificate = "NoValidCACertificate";

    private const string System = "System";

    /// <param name="configMap">By id; null: there is none.</param>
    /// <returns>With what to say of it: Accepted (null: it is), and ResolvedRefs.</returns>
    public static (Contract.BackendTls Message, RouteCondition? Refusal, RouteCondition References) Compile(BackendTlsPolicy policy, Func<string, ConfigMap?> configMap)
    {
        var validation = policy.Spec.ReadValidation(out var error);
        var message = new Contract.BackendTls { Policy = policy.Metadata.Id, Hostname = validation.Hostname, SystemCa = validation.WellKnownCaCertificates == System };
        var faults = new List<(string Reason, string Message)>();
        foreach (var reference in validation.CaCertificateRefs)
        {
            if (Fault(policy, reference, configMap, message) is { } fault)
            {
                faults.Add(fault);
            }
        }
        message.DnsNames.AddRange(validation.SubjectAltNames.Where(name => name is { Type: "Hostname", Hostname: not null }).Select(name => name.Hostname!.ToLowerInvariant()));
        message.Uris.AddRange(validation.SubjectAltNames.Where(name => name is { Type: "URI", Uri: not null }).Select(name => name.Uri));

        var references = faults.Count == 0
            ? new RouteCondition(RouteCondition.ResolvedRefs, true, RouteReason.ResolvedRefs, "all references are resolved")
            : new RouteCondition(RouteCondition.ResolvedRefs, false, faults[0].Reason, string.Join("; ", faults.Select(fault => fault.Message)));
        var refusal = (error ?? Mistake(validation)) is { } mistake
            ? new RouteCondition(RouteCondition.Accepted, false, PolicyReason.Invalid, $"{mistake}; requests fail until that is mended")
            : message.CaCertificates.Count == 0 && !message.SystemCa
                ? new RouteCondition(RouteCondition.Accepted, false, NoValidCertificate, $"{references.Message}; requests fail until there is a certificate to trust")
                : null;
        message.Unusable = refusal?.Message ?? "";
        return (message, refusal, references);
    }

    // Adds the certificates to the message, or says why there are none.
    private static (string Reason, string Message)? Fault(BackendTlsPolicy policy, LocalReference reference, Func<string, ConfigMap?> configMap, Contract.BackendTls message)
    {
        if (!BackendTlsValidation.IsConfigMap(reference))
        {
            return (RouteReason.InvalidKind, $"{reference.Kind} {reference.Name} is no ConfigMap, and certificates are read from ConfigMaps alone");
        }
        var id = $"{policy.Metadata.Namespace}/{reference.Name}";
        if (configMap(id) is not { } map)
        {
            return (InvalidCertificateRef, $"there is no ConfigMap {id}");
        }
        if (map.Data.CaCertificates is not { } pem || !HasCertificates(pem))
        {
            return (InvalidCertificateRef, $"the ConfigMap {id} has no certificates as ca.crt, in PEM");
        }
        message.CaCertificates.Add(pem);
        return null;
    }

    private static string? Mistake(BackendTlsValidation validation)
    {
        if (!Names.IsDnsSubdomain(validation.Hostname))
        {
            return $"spec.validation.hostname \"{validation.Hostname}\" is no host name";
        }
        if (validation.WellKnownCaCertificates is { Length: > 0 } and not System)
        {
            return $"spec.validation.wellKnownCACertificates \"{validation.WellKnownCaCertificates}\" is not known here; only System is";
        }
        if (validation.CaCertificateRefs.Count == 0 == string.IsNullOrEmpty(validation.WellKnownCaCertificates))
        {
            return "spec.validation must have one of caCertificateRefs and wellKnownCACertificates";
        }
        foreach (var name in validation.SubjectAltNames)
        {
            if (name is not ({ Type: "Hostname", Hostname.Length: > 0 } or { Type: "URI", Uri.Length: > 0 }))
            {
                return "an item of spec.validation.subjectAltNames is neither a Hostname with hostname nor a URI with uri";
            }
        }
        return null;
    }

    private static bool HasCertificates(string pem)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(pem);
            return found.Count > 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            foreach (var certificate in found)
            {
                certificate.Dispose();
            }
        }
    }
}
