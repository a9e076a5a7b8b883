using Microsoft.AspNetCore.Http;
using NodeMesh.Cli.WebConsole;
using Xunit;

namespace NodeMesh.UnitTests.WebConsole;

/// <summary>The console that `nodemesh console` opens is for the browser that followed its link.</summary>
public class ConsoleDoorTests
{
    private readonly ConsoleDoor _door = new(8123);

    [Fact]
    public void The_link_opens_it_once()
    {
        var entering = Request(_door.Link.AbsolutePath);
        Assert.True(_door.TryEnter(entering));
        var cookie = entering.Response.Headers.SetCookie.ToString();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);

        Assert.False(_door.TryEnter(Request(entering.Request.Path)));
        Assert.True(_door.LetsPass(Request("/console/", ("Cookie", cookie.Split(';')[0])).Request));
    }

    [Theory]
    [InlineData("/open/")]
    [InlineData("/open/0123456789abcdef0123456789abcdef")]
    [InlineData("/console/")]
    public void Nothing_else_does(string path)
    {
        Assert.False(_door.TryEnter(Request(path)));
        Assert.False(_door.LetsPass(Request(path).Request));
    }

    [Theory]
    [InlineData("Host", "rebound.example:8123")]
    [InlineData("Host", "127.0.0.1:8124")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Origin", "http://evil.example")]
    public void Other_sites_have_no_part_in_it_even_with_the_cookie(string field, string value)
    {
        var entering = Request(_door.Link.AbsolutePath);
        Assert.True(_door.TryEnter(entering));
        var cookie = entering.Response.Headers.SetCookie.ToString().Split(';')[0];

        Assert.False(_door.LetsPass(Request("/console/api/pods", ("Cookie", cookie), (field, value)).Request));
    }

    private static DefaultHttpContext Request(string path, params (string Field, string Value)[] fields)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "GET";
        context.Request.Host = new HostString("127.0.0.1:8123");
        context.Request.Path = path;
        foreach (var (field, value) in fields)
        {
            context.Request.Headers[field] = value;
        }
        return context;
    }
}
