using System.Text;
using NodeMesh.Proxy.Detection;
using Xunit;

namespace NodeMesh.UnitTests.Detection;

public sealed class DetectorTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\n", "Http1")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "Http1")]
    [InlineData("POST /a?b=c HTTP/1.0\n", "Http1")]
    [InlineData("\r\nGET / HTTP/1.1\r\n", "Http1")]
    [InlineData("BREW /pot HTTP/1.1\r\n", "Http1")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Http2")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004", "Http2")]
    [InlineData("", "Undecided")]
    [InlineData("\r\n", "Undecided")]
    [InlineData("G", "Undecided")]
    [InlineData("GE", "Undecided")]
    [InlineData("GET", "Undecided")]
    [InlineData("GET ", "Undecided")]
    [InlineData("GET /index", "Undecided")]
    [InlineData("GET / HTTP/1.1\r", "Undecided")]
    [InlineData("P", "Undecided")]
    [InlineData("PRI ", "Undecided")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r", "Undecided")]
    [InlineData("CONNECT example.org:443 HTTP/1.1\r\n", "ProxyRequest")]
    [InlineData("GET http://example.org/ HTTP/1.1\r\n", "ProxyRequest")]
    [InlineData("OPTIONS * HTTP/1.1\r\n", "ProxyRequest")]
    [InlineData("ruok", "Opaque")]
    [InlineData("HELLO", "Opaque")]
    [InlineData("GETX", "Opaque")]
    [InlineData("GET /key\r\n", "Opaque")]
    [InlineData("GET key\r\n", "ProxyRequest")]
    [InlineData("SET /a b\r\n", "Opaque")]
    [InlineData(" / HTTP/1.1\r\n", "Opaque")]
    [InlineData("G(T / HTTP/1.1\r\n", "Opaque")]
    [InlineData("GET / HTTP/2.0\r\n", "Opaque")]
    [InlineData("*1\r\n$4\r\nPING\r\n", "Opaque")]
    [InlineData("PRJ * HTTP/2.0\r\n", "Opaque")]
    [InlineData("\0\0\0\u0008\u0004\u00d2\u0016\u002f", "Opaque")]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n", "Opaque")]
    public void First_bytes_tell_the_protocol(string bytes, string verdict) =>
        Assert.Equal(verdict, Detector.Classify(Encoding.Latin1.GetBytes(bytes)).ToString());

    [Fact]
    public void A_request_line_without_end_is_left_to_the_http_engine()
    {
        var bytes = Encoding.ASCII.GetBytes("GET /" + new string('a', Detector.MaxBytes - 5));
        Assert.Equal(Verdict.Http1, Detector.Classify(bytes));
    }

    [Fact]
    public void Every_prefix_of_a_request_is_undecided_until_its_first_line_is_whole()
    {
        var request = Encoding.ASCII.GetBytes("DELETE /things/1 HTTP/1.1\r\nHost: a\r\n\r\n");
        var line = Array.IndexOf(request, (byte)'\n');
        for (var length = 0; length <= request.Length; length++)
        {
            Assert.Equal(length <= line ? Verdict.Undecided : Verdict.Http1, Detector.Classify(request.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Arbitrary_bytes_never_throw()
    {
        var random = new Random(1);
        var bytes = new byte[512];
        for (var round = 0; round < 20_000; round++)
        {
            random.NextBytes(bytes);
            bytes[0] = round % 3 == 0 ? (byte)22 : bytes[0];
            bytes[1] = 3;
            var shown = bytes.AsSpan(0, random.Next(bytes.Length));
            _ = Detector.Classify(shown);
            _ = ClientHello.Parse(shown);
        }
    }
}
