using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace NodeMesh.Proxy.Security;

/// <summary>The DNS names and URIs of a certificate (RFC 5280 section 4.2.1.6), as it was issued for them.</summary>
internal sealed class AlternativeNames
{
    private const string Extension = "2.5.29.17";
    private const int DnsTag = 2;
    private const int UriTag = 6;

    private readonly List<string> _dns = [];
    private readonly List<string> _uris = [];

    /// <summary>What can't be read names nobody.</summary>
    public static AlternativeNames Of(X509Certificate2 certificate)
    {
        var names = new AlternativeNames();
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value == Extension)
            {
                names.Read(extension.RawData);
            }
        }
        return names;
    }

    /// <param name="dns">Lower-case: a name, or "*." and a suffix, which stands for one label.</param>
    /// <param name="uris">Compared as they are.</param>
    public bool HasAny(IEnumerable<string> dns, IEnumerable<string> uris) =>
        uris.Any(_uris.Contains) || dns.Any(wanted => _dns.Exists(name => Matches(name, wanted)));

    private static bool Matches(string name, string wanted) =>
        name.Equals(wanted, StringComparison.OrdinalIgnoreCase) || Covers(name, wanted) || Covers(wanted, name);

    private static bool Covers(string pattern, string name) =>
        pattern.StartsWith("*.", StringComparison.Ordinal) && name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot
        && name.AsSpan(dot).Equals(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase);

    private void Read(byte[] extension)
    {
        try
        {
            var names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                var tag = names.PeekTag();
                if (tag is { TagClass: TagClass.ContextSpecific, TagValue: DnsTag or UriTag })
                {
                    (tag.TagValue == DnsTag ? _dns : _uris).Add(names.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                }
                else
                {
                    names.ReadEncodedValue();
                }
            }
        }
        catch (AsnContentException)
        {
            _dns.Clear();
            _uris.Clear();
        }
    }
}
