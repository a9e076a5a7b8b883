using System.Text.Json;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.Proxy.Telemetry.AccessLogs;
using Xunit;

namespace NodeMesh.UnitTests.Telemetry.AccessLogs;

public sealed class AccessLogFormatTests
{
    private static readonly AccessRecord Request = new(new DateTimeOffset(2026, 1, 2, 5, 4, 5, 6, TimeSpan.FromHours(2)), TimeSpan.FromMilliseconds(12.7))
    {
        Method = "GET", Path = "/a", Status = 503, BytesReceived = 3, BytesSent = 4, Attempts = 2, Service = "shop/cart", Reason = Reason.NoEndpoints,
    };

    [Fact(Timeout = 10_000)]
    public async Task A_text_line_has_the_values_where_the_format_names_them()
    {
        await Task.CompletedTask;
        var format = AccessLogFormat.Parse("[%START_TIME%] \"%METHOD% %PATH%\" %RESPONSE_CODE% %DURATION%ms 100%% %ROUTE% %NODEMESH_ERROR%%ATTEMPTS%.");

        Assert.Equal("[2026-01-02T03:04:05.006Z] \"GET /a\" 503 12ms 100% - no_endpoints2.", format.Write(Request));
    }

    [Fact(Timeout = 10_000)]
    public async Task A_JSON_line_has_every_operator_and_numbers_are_numbers()
    {
        await Task.CompletedTask;
        using var line = JsonDocument.Parse(AccessLogFormat.Json.Write(Request));

        Assert.Equal(AccessLogOperator.All.Select(named => named.Name.ToLowerInvariant()), line.RootElement.EnumerateObject().Select(field => field.Name));
        Assert.Equal(503, line.RootElement.GetProperty("response_code").GetInt32());
        Assert.Equal("shop/cart", line.RootElement.GetProperty("service").GetString());
        Assert.Equal(JsonValueKind.Null, line.RootElement.GetProperty("route").ValueKind);
    }

    [Theory(Timeout = 10_000)]
    [InlineData("/\r\n{\"forged\":1}", "/\\u000d\\u000a{\\\"forged\\\":1}")]
    [InlineData("/\u001b[2J\u0085\u007f", "/\\u001b[2J\\u0085\\u007f")]
    [InlineData("/\u2028\u202e\\", "/\\u2028\\u202e\\\\")]
    [InlineData("/\U0001F600é", "/\U0001F600é")]
    public async Task What_a_client_sends_can_not_leave_its_place(string path, string written)
    {
        await Task.CompletedTask;
        var record = Request with { Path = path };

        Assert.Equal($"\"{written}\"", AccessLogFormat.Parse("\"%PATH%\"").Write(record));
        using var line = JsonDocument.Parse(AccessLogFormat.Json.Write(record));
        Assert.Equal(path, line.RootElement.GetProperty("path").GetString());
    }

    [Fact(Timeout = 10_000)]
    public async Task Half_a_character_is_replaced()
    {
        await Task.CompletedTask;
        var record = Request with { Path = "/" + (char)0xD800 + "x" + (char)0xDC00 };

        Assert.Equal("/\\ufffdx\\ufffd", AccessLogFormat.Parse("%PATH%").Write(record));
    }

    [Theory(Timeout = 10_000)]
    [InlineData("", "one line")]
    [InlineData("%PATH%\n", "one line")]
    [InlineData("a %PATH", "at 2")]
    [InlineData("%REQ(x)%", "%REQ(x)%")]
    [InlineData("%path%", "%PATH%")]
    public async Task A_format_that_can_not_be_written_is_refused_with_the_cause(string format, string cause)
    {
        await Task.CompletedTask;
        Assert.Contains(cause, Assert.Throws<FormatException>(() => AccessLogFormat.Parse(format)).Message, StringComparison.Ordinal);
    }
}
