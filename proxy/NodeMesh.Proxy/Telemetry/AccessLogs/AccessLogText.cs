using System.Globalization;
using System.Text;

namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>
/// Writes what a client chose so that it can neither end the line or the quotes it stands in, nor steer a terminal. The escapes are JSON's,
/// in text lines too.
/// </summary>
internal static class AccessLogText
{
    public static void AppendEscaped(StringBuilder line, string value)
    {
        for (var index = 0; index < value.Length; index++)
        {
            var character = value[index];
            if (character is '"' or '\\')
            {
                line.Append('\\').Append(character);
            }
            else if (char.IsHighSurrogate(character) && index + 1 < value.Length && char.IsLowSurrogate(value[index + 1]))
            {
                line.Append(character).Append(value[++index]);
            }
            else if (char.IsSurrogate(character))
            {
                line.Append("\\ufffd"); // half a character can't be encoded
            }
            else if (IsUnsafe(character))
            {
                line.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture));
            }
            else
            {
                line.Append(character);
            }
        }
    }

    // Format characters turn the direction of text; U+2028 and U+2029 end a line for some readers.
    private static bool IsUnsafe(char character) => char.GetUnicodeCategory(character)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
