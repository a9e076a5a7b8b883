using System.Text;
using NodeMesh.Proxy.Forwarding.Http.Http1;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http.Http1;

public sealed class ResponseHeadTests
{
    [Fact]
    public void A_head_is_read_as_it_is()
    {
        var head = Parse("HTTP/1.1 200 Sure Thing\r\nSERVER: x\r\nSet-Cookie:a=1\r\nX-Empty:\r\nset-cookie: \t b=2 \t\r\nContent-Length: 5\r\n\r\nrest");

        Assert.Equal((200, "Sure Thing", 5L), (head.Status, head.ReasonPhrase, head.ContentLength));
        Assert.Equal(["SERVER=x", "Set-Cookie=a=1", "X-Empty=", "set-cookie=b=2", "Content-Length=5"], Fields(head.Fields));
        Assert.Equal([false, false, false, true, false], Enumerable.Range(0, 5).Select(head.Fields.IsRepeated));
        Assert.True(head.KeepsConnection);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 3\r\n\r\n")]
    [InlineData("HTTP/1.0 200\nA: 1\nContent-Length: 3\n\n")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    public void A_head_may_come_byte_by_byte(string text)
    {
        var head = new ResponseHead();
        head.Reset();
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(ParseStatus.Incomplete, head.Parse(bytes.AsSpan(0, length), out _));
        }
        Assert.Equal(ParseStatus.Complete, head.Parse(bytes, out var consumed));
        Assert.Equal(bytes.Length, consumed);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1  200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 +20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 O\0K\r\n\r\n")]
    [InlineData("HTTP/1.1 200 O\rK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n A: folded before any field\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n: no name\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA B: 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA(: 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\r\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n")]
    public void A_head_that_could_be_read_otherwise_is_refused(string text) => Assert.Equal(ParseStatus.Malformed, Try(text));

    [Fact]
    public void A_head_without_end_is_refused_at_its_limit()
    {
        Assert.Equal(ParseStatus.Malformed, Try("HTTP/1.1 200 OK\r\nA: " + new string('a', ResponseHead.MaxLength)));
        Assert.Equal(ParseStatus.Malformed, Try("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("a:\r\n", FieldLines.MaxCount + 1)) + "\r\n"));
    }

    [Theory]
    [InlineData("A: one\r\n two", "A=one two")]
    [InlineData("A: one\r\n\t \ttwo  \r\n   three", "A=one two three")]
    [InlineData("A:\r\n two", "A=two")]
    [InlineData("A : 1", "A=1")]
    public void What_a_proxy_has_to_mend_is_mended(string lines, string expected)
    {
        var head = Parse($"HTTP/1.1 200 OK\r\n{lines}\r\n\r\n");

        Assert.Equal([expected], Fields(head.Fields));
    }

    [Theory]
    [InlineData("GET", "200", "Content-Length: 5", "Declared", true)]
    [InlineData("GET", "200", "Content-Length: 5, 5\r\nContent-Length: 5", "Declared", true)]
    [InlineData("GET", "200", "Content-Length: 0", "None", true)]
    [InlineData("GET", "200", "Transfer-Encoding: chunked", "Chunked", true)]
    [InlineData("GET", "200", "Transfer-Encoding: gzip, chunked", "Chunked", true)]
    [InlineData("GET", "200", "Transfer-Encoding: gzip\r\nTransfer-Encoding: Chunked", "Chunked", true)]
    [InlineData("GET", "200", "Transfer-Encoding: identity\r\nContent-Length: 5", "Declared", true)]
    [InlineData("GET", "200", "Transfer-Encoding: gzip", "UntilClose", true)]
    [InlineData("GET", "200", "X-A: 1", "UntilClose", true)]
    [InlineData("GET", "200", "Content-Length: 5\r\nTransfer-Encoding: chunked", "Chunked", false)]
    [InlineData("GET", "200", "Connection: close\r\nContent-Length: 5", "Declared", false)]
    [InlineData("GET", "200", "Connection: x, Close\r\nContent-Length: 5", "Declared", false)]
    [InlineData("HEAD", "200", "Content-Length: 5", "None", true)]
    [InlineData("HEAD", "200", "Transfer-Encoding: chunked", "None", true)]
    [InlineData("GET", "204", "Content-Length: 5", "None", true)]
    [InlineData("GET", "304", "Content-Length: 5", "None", true)]
    [InlineData("GET", "103", "Link: x", "None", true)]
    public void The_end_of_the_body_is_where_RFC_9112_says(string method, string status, string lines, string length, bool keeps)
    {
        var head = Parse($"HTTP/1.1 {status} X\r\n{lines}\r\n\r\n");

        Assert.Equal((length, keeps), (head.BodyLength(method == "HEAD").ToString(), head.KeepsConnection));
    }

    [Theory]
    [InlineData("Content-Length: 5", false)]
    [InlineData("Content-Length: 5\r\nConnection: keep-alive", true)]
    [InlineData("Transfer-Encoding: chunked\r\nConnection: keep-alive", false)]
    public void A_server_of_HTTP_1_0_closes_unless_it_says_otherwise(string lines, bool keeps) =>
        Assert.Equal(keeps, Parse($"HTTP/1.0 200 OK\r\n{lines}\r\n\r\n").KeepsConnection);

    [Fact]
    public void A_head_is_not_mixed_up_with_the_last_one_of_the_connection()
    {
        var head = Parse("HTTP/1.0 200 OK\r\nServer: x\r\nContent-Length: 5\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
        var server = head.Fields[0].Value;
        head.Reset();

        Assert.Equal(ParseStatus.Complete, head.Parse("HTTP/1.1 404 Gone\r\nServer: x\r\nX-A: 5\r\n\r\n"u8, out _));
        Assert.Equal((404, "Gone", null, false, true), (head.Status, head.ReasonPhrase, head.ContentLength, head.IsChunked, head.KeepsConnection));
        Assert.Equal(["Server=x", "X-A=5"], Fields(head.Fields));
        Assert.Same(server, head.Fields[0].Value);
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(7);
        string[] pieces = ["HTTP/1.1 200 OK", "\r\n", "\n", "\r", "A: 1", " ", ":", "Content-Length: ", "Transfer-Encoding: chunked", "\0", "\u00ff", "5", ","];
        for (var turn = 0; turn < 20_000; turn++)
        {
            var text = "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length)]));
            Try(text);
        }
    }

    private static IEnumerable<string> Fields(FieldList fields) => Enumerable.Range(0, fields.Count).Select(index => $"{fields[index].Name}={fields[index].Value}");

    private static ResponseHead Parse(string text)
    {
        var head = new ResponseHead();
        head.Reset();
        Assert.Equal(ParseStatus.Complete, head.Parse(Encoding.Latin1.GetBytes(text), out _));
        return head;
    }

    private static ParseStatus Try(string text)
    {
        var head = new ResponseHead();
        head.Reset();
        return head.Parse(Encoding.Latin1.GetBytes(text), out _);
    }
}
