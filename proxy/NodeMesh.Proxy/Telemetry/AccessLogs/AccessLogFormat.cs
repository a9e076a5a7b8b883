using System.Text;
using NodeMesh.Contract;
using NodeMesh.Contract.AccessLogs;

namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>How a line of an access log is written: JSON with nearly every operator, or a text that names some.</summary>
internal sealed class AccessLogFormat
{
    private readonly List<(string Literal, AccessLogOperator? Operator)> _parts = [];
    private readonly List<string> _requestHeaders;
    private readonly List<string> _responseHeaders;

    /// <summary>JSON, and no header fields.</summary>
    public static AccessLogFormat Json { get; } = new(new AccessLogRules());

    /// <exception cref="FormatException">It has an operator that this version does not know.</exception>
    public AccessLogFormat(AccessLogRules rules)
    {
        (_requestHeaders, _responseHeaders) = ([.. rules.RequestHeaders], [.. rules.ResponseHeaders]);
        if (rules.Format.Length == 0)
        {
            return;
        }
        foreach (var (literal, named, header) in AccessLogTemplate.Parse(rules.Format).Parts)
        {
            _parts.Add((literal, named switch
            {
                null => null,
                AccessLogTemplate.RequestHeader => AccessLogOperator.OfRequest(Place(_requestHeaders, header!)),
                AccessLogTemplate.ResponseHeader => AccessLogOperator.OfResponse(Place(_responseHeaders, header!)),
                _ => AccessLogOperator.Named(named),
            }));
        }
    }

    /// <summary>The header fields that are written, in lower case.</summary>
    public IReadOnlyList<string> RequestHeaders => _requestHeaders;

    /// <inheritdoc cref="RequestHeaders"/>
    public IReadOnlyList<string> ResponseHeaders => _responseHeaders;

    /// <summary>What a record has to keep of a request, whose fields are gone when the line is written; null: nothing.</summary>
    public string?[]? OfRequest(Func<string, string?> fields) => Values(_requestHeaders, fields);

    /// <inheritdoc cref="OfRequest"/>
    public string?[]? OfResponse(Func<string, string?> fields) => Values(_responseHeaders, fields);

    /// <summary>One line, without its end.</summary>
    public void Write(TrafficRecord record, StringBuilder line)
    {
        if (_parts.Count == 0)
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

    private void WriteJson(TrafficRecord record, StringBuilder line)
    {
        line.Append('{');
        foreach (var named in AccessLogOperator.InJson)
        {
            WriteJson(named.Field, named.Value(record), named.IsNumber, line);
        }
        WriteJson("request_headers", _requestHeaders, record.RequestHeaders, line);
        WriteJson("response_headers", _responseHeaders, record.ResponseHeaders, line);
        line.Append('}');
    }

    private static void WriteJson(string field, List<string> names, string?[]? values, StringBuilder line)
    {
        if (names.Count == 0)
        {
            return;
        }
        line.Append(",\"").Append(field).Append("\":{");
        for (var place = 0; place < names.Count; place++)
        {
            WriteJson(names[place], values?[place], isNumber: false, line);
        }
        line.Append('}');
    }

    private static void WriteJson(string field, string? value, bool isNumber, StringBuilder line)
    {
        if (line[^1] != '{')
        {
            line.Append(',');
        }
        line.Append('"').Append(field).Append("\":");
        if (value is not { Length: > 0 })
        {
            line.Append("null");
        }
        else if (isNumber)
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

    private static string?[]? Values(List<string> names, Func<string, string?> fields) =>
        names.Count == 0 ? null : [.. names.Select(name => TrafficRecord.Bounded(fields(name)))];

    private static int Place(List<string> names, string name)
    {
        var place = names.IndexOf(name);
        if (place < 0)
        {
            place = names.Count;
            names.Add(name);
        }
        return place;
    }
}
