using System.Text.RegularExpressions;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>The name rules of Kubernetes.</summary>
internal static partial class Names
{
    public static bool IsDnsLabel(string text) => text.Length <= 63 && DnsLabel().IsMatch(text);

    public static bool IsDnsSubdomain(string text) => text.Length <= 253 && DnsSubdomain().IsMatch(text);

    /// <summary>A label value may be empty; a key may have a prefix.</summary>
    public static bool IsLabelValue(string text) => text.Length == 0 || IsQualifiedName(text);

    public static bool IsLabelKey(string text) =>
        text.IndexOf('/') is var slash && slash < 0 ? IsQualifiedName(text) : IsDnsSubdomain(text[..slash]) && IsQualifiedName(text[(slash + 1)..]);

    /// <summary>A token of HTTP: the name of a header.</summary>
    public static bool IsToken(string text) => text.Length is > 0 and <= 256 && Token().IsMatch(text);

    private static bool IsQualifiedName(string text) => text.Length <= 63 && QualifiedName().IsMatch(text);

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex DnsLabel();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex DnsSubdomain();

    [GeneratedRegex(@"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\z")]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+\z")]
    private static partial Regex Token();
}
