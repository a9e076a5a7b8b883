using System.Net;
using Microsoft.AspNetCore.Http;
using NodeMesh.Agent;
using NodeMesh.Agent.Serving.Console;
using Xunit;

namespace NodeMesh.UnitTests.WebConsole;

/// <summary>Who may ask the console's API, and who may change something by it.</summary>
public sealed class ConsoleGuardTests : IDisposable
{
    private const string Token = "0123456789abcdef0123";

    private readonly string _file = Path.GetTempFileName();
    private readonly ConsoleLogins _logins = new(TimeProvider.System);
    private readonly ConsoleGuard _guard;
    private readonly ConsoleGuard _withoutToken = new(new ConsoleToken(null), new ConsoleLogins(TimeProvider.System));

    public ConsoleGuardTests()
    {
        File.WriteAllText(_file, $"{Token}\n");
        _guard = new ConsoleGuard(new ConsoleToken(_file), _logins);
    }

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1:15020", null)]
    [InlineData("127.0.0.1", "localhost:15020", null)]
    [InlineData("::1", "[::1]:15020", null)]
    [InlineData("::ffff:127.0.0.1", "127.0.0.1:15020", null)]
    [InlineData("127.0.0.1", "rebound.example:15020", 401)]
    [InlineData("10.0.0.7", "10.0.0.1:15020", 401)]
    public void This_machine_gets_in_by_its_address_alone(string from, string host, int? status)
    {
        Assert.Equal(status, _guard.Check(Request(from, host))?.Status);
        Assert.Equal(status, _withoutToken.Check(Request(from, host))?.Status);
    }

    [Theory]
    [InlineData("Authorization", $"Bearer {Token}", null)]
    [InlineData("Authorization", $"bearer {Token}", null)]
    [InlineData("Authorization", "Bearer 0123456789abcdef0124", 401)]
    [InlineData("Authorization", "Bearer ", 401)]
    [InlineData("Authorization", "Basic YTpi", 401)]
    [InlineData("nodemesh-console-token", Token, null)]
    [InlineData("nodemesh-console-token", $"{Token}x", 401)]
    public void Others_get_in_by_the_token(string field, string value, int? status)
    {
        var request = Request("10.0.0.7", "node-1:15020", (field, value));

        Assert.Equal(status, _guard.Check(request)?.Status);
        Assert.Equal(401, _withoutToken.Check(request)?.Status);
    }

    [Fact]
    public void A_login_is_good_for_its_cookie_until_it_is_ended()
    {
        var login = _guard.LogIn(Request("10.0.0.7", "node-1:15020", ("nodemesh-console-token", Token)).Request)!;
        var later = Request("10.0.0.7", "node-1:15020", ("Cookie", $"nodemesh-console={login}"));

        Assert.Null(_guard.Check(later));
        Assert.Equal(401, _guard.Check(Request("10.0.0.7", "node-1:15020", ("Cookie", $"nodemesh-console={login}0")))?.Status);
        _guard.LogOut(later.Request);
        Assert.Equal(401, _guard.Check(later)?.Status);
        Assert.Null(_guard.LogIn(Request("10.0.0.7", "node-1:15020", ("nodemesh-console-token", "wrong-but-quite-long")).Request));
        Assert.Null(_guard.LogIn(Request("10.0.0.7", "node-1:15020", ("nodemesh-console-token", Token), ("Origin", "http://evil.example")).Request));
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-origin", null)]
    [InlineData("Origin", "http://evil.example", 403)]
    [InlineData("Origin", "null", 403)]
    [InlineData("Origin", "http://127.0.0.1:15021", 403)]
    [InlineData("Origin", "http://127.0.0.1:15020", null)]
    [InlineData("X-Forwarded-For", "10.0.0.7", 401)]
    [InlineData("Forwarded", "for=10.0.0.7", 401)]
    public void Pages_of_other_sites_get_nothing_and_who_passes_on_is_not_of_this_machine(string field, string value, int? status) =>
        Assert.Equal(status, _guard.Check(Request("127.0.0.1", "127.0.0.1:15020", (field, value)))?.Status);

    [Fact]
    public void A_change_needs_the_word_that_the_page_was_told_and_JSON()
    {
        Assert.Equal(403, _withoutToken.Check(Change("application/json", ""))?.Status);
        Assert.Equal(403, _withoutToken.Check(Change("application/json", "guessed"))?.Status);
        Assert.Equal(403, _withoutToken.Check(Change("text/plain", _withoutToken.Word))?.Status);
        Assert.Equal(403, _withoutToken.Check(Change("application/json", _guard.Word))?.Status);
        Assert.Null(_withoutToken.Check(Change("application/json; charset=utf-8", _withoutToken.Word)));

        // Where there is a token, that too, from everybody.
        Assert.Equal(401, _guard.Check(Change("application/json", _guard.Word))?.Status);
        Assert.Equal(403, _guard.Check(Change("application/json", "guessed", ("nodemesh-console-token", Token)))?.Status);
        Assert.Null(_guard.Check(Change("application/json", _guard.Word, ("nodemesh-console-token", Token))));

        static HttpContext Change(string type, string word, params (string, string)[] more)
        {
            var request = Request("127.0.0.1", "127.0.0.1:15020", [("nodemesh-csrf", word), ("Content-Type", type), .. more]);
            request.Request.Method = "POST";
            return request;
        }
    }

    [Fact]
    public void A_token_is_read_when_it_is_shown_and_must_be_long()
    {
        File.WriteAllText(_file, "another-token-0123456789");
        Assert.Equal(401, _guard.Check(Request("10.0.0.7", "node-1:15020", ("nodemesh-console-token", Token)))?.Status);
        Assert.Null(_guard.Check(Request("10.0.0.7", "node-1:15020", ("nodemesh-console-token", "another-token-0123456789"))));

        File.WriteAllText(_file, "short");
        Assert.Equal(401, _guard.Check(Request("10.0.0.7", "node-1:15020", ("nodemesh-console-token", "short")))?.Status);
        Assert.Contains("shorter than 16", Assert.Throws<AgentStartException>(() => new ConsoleToken(_file).Check()).Message, StringComparison.Ordinal);
        Assert.Contains("can't be read", Assert.Throws<AgentStartException>(() => new ConsoleToken("/nonexistent/token").Check()).Message, StringComparison.Ordinal);
    }

    private static DefaultHttpContext Request(string from, string host, params (string Field, string Value)[] fields)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(from);
        context.Request.Method = "GET";
        context.Request.Host = new HostString(host);
        foreach (var (field, value) in fields)
        {
            context.Request.Headers[field] = value;
        }
        return context;
    }
}
