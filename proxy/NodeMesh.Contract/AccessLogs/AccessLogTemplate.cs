namespace NodeMesh.Contract.AccessLogs;

/// <summary>A line of text with operators between percent signs. %% is a percent sign. The agent checks it, the proxy writes lines by it.</summary>
public sealed class AccessLogTemplate
{
    /// <summary>Every operator but those of header fields; AccessLogOperator in the proxy has what each one writes.</summary>
    public static readonly IReadOnlyList<string> Operators =
    [
        "START_TIME", "DIRECTION", "PROTOCOL",
        "METHOD", "AUTHORITY", "PATH", "QUERY", "USER_AGENT", "REQUEST_ID", "TRACE_ID",
        "STATUS", "GRPC_STATUS", "NODEMESH_ERROR", "POLICY", "ATTEMPTS",
        "DURATION", "TIME_TO_FIRST_BYTE", "BYTES_RECEIVED", "BYTES_SENT",
        "SOURCE_ADDRESS", "SOURCE_NAMESPACE", "SOURCE_WORKLOAD", "SOURCE_POD",
        "DESTINATION_ADDRESS", "DESTINATION_NAMESPACE", "DESTINATION_WORKLOAD", "DESTINATION_POD",
        "SERVICE", "ROUTE", "RULE", "ENDPOINT", "SERVER_NAME",
    ];

    /// <summary>Of the request, and of the response.</summary>
    public const string RequestHeader = "REQ", ResponseHeader = "RESP";

    private AccessLogTemplate(IReadOnlyList<(string Literal, string? Operator, string? Header)> parts) => Parts = parts;

    /// <summary>
    /// What stands there, and the operator behind it; null: the line ends there, or goes on with a literal. <see cref="RequestHeader"/> and
    /// <see cref="ResponseHeader"/> come with the name of a field, in lower case.
    /// </summary>
    public IReadOnlyList<(string Literal, string? Operator, string? Header)> Parts { get; }

    /// <exception cref="FormatException">Names what is wrong and how to write it.</exception>
    public static AccessLogTemplate Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0 || text.AsSpan().ContainsAny('\r', '\n'))
        {
            throw new FormatException("must be one line that is not empty: remove its line ends");
        }
        var parts = new List<(string, string?, string?)>();
        for (var at = 0; at < text.Length;)
        {
            var percent = text.IndexOf('%', at);
            if (percent < 0)
            {
                parts.Add((text[at..], null, null));
                break;
            }
            var end = text.IndexOf('%', percent + 1);
            if (end < 0)
            {
                throw new FormatException($"has a single '%' at {percent}: write %OPERATOR%, or %% for a percent sign");
            }
            var name = text[(percent + 1)..end];
            var (named, header) = name.Length == 0 ? (null, null) : Named(name);
            parts.Add((named is null ? text[at..percent] + "%" : text[at..percent], named, header));
            at = end + 1;
        }
        return new AccessLogTemplate(parts);
    }

    private static (string? Operator, string? Header) Named(string name)
    {
        if (Operators.Contains(name))
        {
            return (name, null);
        }
        foreach (var of in new[] { RequestHeader, ResponseHeader })
        {
            if (name.StartsWith($"{of}(", StringComparison.Ordinal) && name.EndsWith(')'))
            {
                return (of, LoggedHeader.Parse(name[(of.Length + 1)..^1]));
            }
        }
        throw new FormatException(
            $"has an unknown operator %{name}%: use one of {string.Join(' ', Operators.Select(known => $"%{known}%"))}, or %{RequestHeader}(name)% and %{ResponseHeader}(name)% for header fields");
    }
}
