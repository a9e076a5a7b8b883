using System.Text;

namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>How a line of an access log is written: JSON with every operator, or a text that names some. %% is a percent sign.</summary>
internal sealed class AccessLogFormat
{
    private readonly IReadOnlyList<(string Literal, AccessLogOperator? Operator)> _parts;

    private AccessLogFormat(IReadOnlyList<(string Literal, AccessLogOperator? Operator)> parts) => _parts = parts;

    public static AccessLogFormat Json { get; } = new([]);

    /// <exception cref="FormatException">Names what is wrong and how to write it.</exception>
    public static AccessLogFormat Parse(string text)
    {
        if (text.Length == 0 || text.AsSpan().ContainsAny('\r', '\n'))
        {
            throw new FormatException("The format of an access log must be one line that is not empty: remove its line ends.");
        }
        var parts = new List<(string, AccessLogOperator?)>();
        for (var at = 0; at < text.Length;)
        {
            var percent = text.IndexOf('%', at);
            var literal = percent < 0 ? text[at..] : text[at..percent];
            if (percent < 0)
            {
                parts.Add((literal, null));
                break;
            }
            var end = text.IndexOf('%', percent + 1);
            if (end < 0)
            {
                throw new FormatException($"The format of an access log has a single '%' at {percent}: write %OPERATOR%, or %% for a percent sign.");
            }
            var name = text[(percent + 1)..end];
            parts.Add(name.Length == 0 ? (literal + "%", null) : (literal, Find(name)));
            at = end + 1;
        }
        return new AccessLogFormat(parts);
    }

    /// <summary>One line, without its end.</summary>
    public string Write(AccessRecord record)
    {
        var line = new StringBuilder();
        if (_parts.Count == 0)
        {
            WriteJson(record, line);
            return line.ToString();
        }
        foreach (var (literal, named) in _parts)
        {
            line.Append(literal);
            if (named is not null)
            {
                AccessLogText.AppendEscaped(line, named.Value(record) is { Length: > 0 } value ? value : "-");
            }
        }
        return line.ToString();
    }

    private static void WriteJson(AccessRecord record, StringBuilder line)
    {
        var separator = '{';
        foreach (var named in AccessLogOperator.All)
        {
            line.Append(separator).Append('"').Append(named.Name.ToLowerInvariant()).Append("\":");
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

    private static AccessLogOperator Find(string name) => AccessLogOperator.All.FirstOrDefault(named => named.Name == name)
        ?? throw new FormatException(
            $"The format of an access log has an unknown operator %{name}%: use one of {string.Join(' ', AccessLogOperator.All.Select(named => $"%{named.Name}%"))}.");
}
