using System.Globalization;
using System.Text.RegularExpressions;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>What a plain YAML scalar means by the core schema of YAML 1.2. "yes", "on" and dates stay text, and so does all that is quoted.</summary>
internal static partial class CoreSchema
{
    public static ScalarNode Resolve(int line, string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => new ScalarNode(line, ScalarKind.Null, text),
        "true" or "True" or "TRUE" => new ScalarNode(line, ScalarKind.Boolean, "true"),
        "false" or "False" or "FALSE" => new ScalarNode(line, ScalarKind.Boolean, "false"),
        _ when Number(text) is { } number => new ScalarNode(line, ScalarKind.Number, number),
        _ => new ScalarNode(line, ScalarKind.Text, text),
    };

    /// <summary>The number as JSON writes it; null for what is none, and for infinities, which JSON lacks.</summary>
    private static string? Number(string text)
    {
        // Nearly all scalars of a manifest are words: they must not reach the expressions below.
        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('-' or '+' or '.'))
        {
            return null;
        }
        if (text.StartsWith("0x", StringComparison.Ordinal))
        {
            return ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, null, out var hex) ? hex.ToString() : null;
        }
        if (text.StartsWith("0o", StringComparison.Ordinal))
        {
            return Octal().IsMatch(text) ? Convert.ToUInt64(text[2..], 8).ToString() : null;
        }
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, null, out var whole))
        {
            return whole.ToString();
        }
        return Float().IsMatch(text) && double.TryParse(text, NumberStyles.Float, null, out var real) && double.IsFinite(real)
            ? real.ToString("R")
            : null;
    }

    [GeneratedRegex("^0o[0-7]{1,21}$")]
    private static partial Regex Octal();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex Float();
}
