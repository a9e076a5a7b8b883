using System.Text;
using NodeMesh.Contract.AccessLogs;

namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>How a line of an access log is written: JSON with nearly every operator, or a text that names some.</summary>
internal sealed class AccessLogFormat
{
    private readonly (string Literal, AccessLogOperator? Operator)[] _parts;

    private AccessLogFormat((string Literal, AccessLogOperator? Operator)[] parts) => _parts = parts;

    public static AccessLogFormat Json { get; } = new([]);

    /// <exception cref="FormatException">It has an operator that this version does not know.</exception>
    public static AccessLogFormat Parse(string text) =>
        new([.. AccessLogTemplate.Parse(text).Parts.Select(part => (part.Literal, part.Operator is { } name ? AccessLogOperator.Named(name) : null))]);

    /// <summary>One line, without its end.</summary>
    public void Write(TrafficRecord record, StringBuilder line)
    {
        if (_parts.Length == 0)
        {
            WriteJson(record, line);
            return;
        }
        foreach (var (literal, named) in _parts)
        {
            line.Append(literal);
            if (named is not null)
            {
                AccessLogText.AppendEscaped(line, named.Value(record) is { Length: > 0 } value ? value : "-");
            }
        }
    }

    private static void WriteJson(TrafficRecord record, StringBuilder line)
    {
        var separator = '{';
        foreach (var named in AccessLogOperator.InJson)
        {
            line.Append(separator).Append('"').Append(named.Field).Append("\":");
            separator = ',';
            if (named.Value(record) is not { Length: > 0 } value)
            {
                line.Append("null");
            }
            else if (named.IsNumber)
            {
                line.Append(value);
            }
            else
            {
                line.Append('"');
                AccessLogText.AppendEscaped(line, value);
                line.Append('"');
            }
        }
        line.Append('}');
    }
}
