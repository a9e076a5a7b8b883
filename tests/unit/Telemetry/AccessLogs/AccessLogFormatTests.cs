using System.Net;
using System.Text;
using System.Text.Json;
using NodeMesh.Contract;
using NodeMesh.Contract.AccessLogs;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.Proxy.Telemetry.AccessLogs;
using NodeMesh.UnitTests.Forwarding;
using Xunit;

namespace NodeMesh.UnitTests.Telemetry.AccessLogs;

public sealed class AccessLogFormatTests
{
    [Fact]
    public void A_text_line_has_the_values_where_the_format_names_them() => Assert.Equal(
        "\"GET /a?k=v\" 503 100% - no_endpoints2.",
        Line("\"%METHOD% %PATH%?%QUERY%\" %STATUS% 100%% %ROUTE% %NODEMESH_ERROR%%ATTEMPTS%.", Request("/a", "k=v")));

    [Fact]
    public void A_JSON_line_has_every_operator_but_the_query_and_numbers_are_numbers()
    {
        using var line = JsonDocument.Parse(Line("", Request("/a", "token=secret")));

        Assert.Equal(
            AccessLogTemplate.Operators.Where(name => name != "QUERY").Select(name => name.ToLowerInvariant()), line.RootElement.EnumerateObject().Select(field => field.Name));
        Assert.Equal(503, line.RootElement.GetProperty("status").GetInt32());
        Assert.Equal(2, line.RootElement.GetProperty("attempts").GetInt32());
        Assert.Equal("10.0.0.9:4321", line.RootElement.GetProperty("source_address").GetString());
        Assert.Equal(JsonValueKind.Null, line.RootElement.GetProperty("route").ValueKind);
        Assert.DoesNotContain("secret", line.RootElement.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_operator_that_the_agent_lets_through_can_be_written() =>
        Assert.Equal(AccessLogTemplate.Operators, AccessLogOperator.All.Select(named => named.Name));

    [Theory]
    [InlineData("/\r\n{\"forged\":1}", "/\\u000d\\u000a{\\\"forged\\\":1}")]
    [InlineData("/\u001b[2J\u0085\u007f", "/\\u001b[2J\\u0085\\u007f")]
    [InlineData("/\u2028\u202e\\", "/\\u2028\\u202e\\\\")]
    [InlineData("/\U0001F600é", "/\U0001F600é")]
    public void What_a_client_sends_can_not_leave_its_place(string path, string written)
    {
        Assert.Equal($"\"{written}\"", Line("\"%PATH%\"", Request(path)));
        using var line = JsonDocument.Parse(Line("", Request(path)));
        Assert.Equal(path, line.RootElement.GetProperty("path").GetString());
    }

    [Theory]
    [InlineData("\"%REQ(X-User)%\" \"%RESP(x-cache)%\" %REQ(x-other)%", "\"ann\\u000d\\u000a\\\"forged\\\"\" \"hit\\u001b[2J\" -")]
    [InlineData("%RESP(x-cache)%%REQ(x-user)%%REQ(x-user)%", "hit\\u001b[2Jann\\u000d\\u000a\\\"forged\\\"ann\\u000d\\u000a\\\"forged\\\"")]
    public void Header_fields_have_their_places_and_can_not_leave_them(string format, string line) => Assert.Equal(line, Line(new AccessLogRules { Format = format }, Fields));

    [Fact]
    public void A_JSON_line_has_the_header_fields_that_are_asked_for()
    {
        var rules = new AccessLogRules { RequestHeaders = { "x-user", "x-other" }, ResponseHeaders = { "x-cache" } };

        using var line = JsonDocument.Parse(Line(rules, Fields));

        Assert.Equal("ann\r\n\"forged\"", line.RootElement.GetProperty("request_headers").GetProperty("x-user").GetString());
        Assert.Equal(JsonValueKind.Null, line.RootElement.GetProperty("request_headers").GetProperty("x-other").ValueKind);
        Assert.Equal("hit\u001b[2J", line.RootElement.GetProperty("response_headers").GetProperty("x-cache").GetString());
        Assert.Equal(AccessLogTemplate.Operators.Count + 1, line.RootElement.EnumerateObject().Count());
    }

    [Fact]
    public void A_header_field_that_is_long_is_cut() =>
        Assert.Equal(2048, Line(new AccessLogRules { Format = "%REQ(x-user)%" }, _ => new string('x', 60_000)).Length);

    [Fact]
    public void Half_a_character_is_replaced() => Assert.Equal("/\\ufffdx\\ufffd", Line("%PATH%", Request("/" + (char)0xD800 + "x" + (char)0xDC00)));

    [Fact]
    public void What_is_long_is_cut() => Assert.Equal(2048, Line("%PATH%", Request("/" + new string('x', 60_000))).Length);

    [Theory]
    [InlineData("", "one line")]
    [InlineData("%PATH%\n", "one line")]
    [InlineData("a %PATH", "at 2")]
    [InlineData("%REQ()%", "\"\" is no name")]
    [InlineData("%REQ(x y)%", "\"x y\" is no name")]
    [InlineData("%REQ(x\")%", "is no name")]
    [InlineData("%REQ(x", "single '%'")]
    [InlineData("%REQ(x%", "%RESP(name)%")]
    [InlineData("%req(x)%", "%REQ(name)%")]
    [InlineData("%REQ(Authorization)%", "authorization holds credentials")]
    [InlineData("%RESP(set-cookie)%", "set-cookie holds credentials")]
    [InlineData("%path%", "%PATH%")]
    public void A_format_that_can_not_be_written_is_refused_with_the_cause(string format, string cause) =>
        Assert.Contains(cause, Assert.Throws<FormatException>(() => AccessLogTemplate.Parse(format)).Message, StringComparison.Ordinal);

    private static string? Fields(string name) => name switch { "x-user" => "ann\r\n\"forged\"", "x-cache" => "hit\u001b[2J", _ => null };

    private static string Line(string format, TrafficRecord record)
    {
        var line = new StringBuilder();
        new AccessLogEntry(new AccessLogRules { Format = format }).Format.Write(record, line);
        return line.ToString();
    }

    // Of a request and a response with these fields.
    private static string Line(AccessLogRules rules, Func<string, string?> fields)
    {
        var log = new AccessLogEntry(rules);
        var record = Request("/", fields: fields, log: log);
        var line = new StringBuilder();
        log.Format.Write(record, line);
        return line.ToString();
    }

    private static TrafficRecord Request(string path, string? query = null, Func<string, string?>? fields = null, AccessLogEntry? log = null)
    {
        var record = new TrafficRecord(
            new RecordedTraffic().Observer(new SnapshotStore(TimeProvider.System)), new ConnectionRoute(null, null, null, IsClusterIp: false) { Declared = Protocol.Http },
            IPEndPoint.Parse("10.0.0.9:4321"), IPEndPoint.Parse("10.96.0.1:80"), TimeProvider.System)
        {
            Method = "GET", Path = path, Query = query, Log = log, RequestHeaders = fields is null ? null : log?.Format.OfRequest(fields),
        };
        record.AttemptBegins(IPEndPoint.Parse("10.0.0.1:8080"));
        record.AttemptBegins(IPEndPoint.Parse("10.0.0.2:8080"));
        if (fields is not null)
        {
            record.HeadCame(fields);
        }
        record.Ended(TrafficDirection.Outbound, 503, null, Reason.NoEndpoints);
        return record;
    }
}
