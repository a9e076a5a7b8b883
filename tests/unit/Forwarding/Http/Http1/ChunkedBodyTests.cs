using System.Text;
using NodeMesh.Proxy.Forwarding.Http.Http1;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http.Http1;

public sealed class ChunkedBodyTests
{
    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello", "")]
    [InlineData("5\r\nhello\r\n1\r\n \r\n00005;a=b;c=\"d\"\r\nworld\r\n0;x\r\n\r\n", "hello world", "")]
    [InlineData("A \r\n0123456789\r\n0\r\n\r\n", "0123456789", "")]
    [InlineData("a\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n\r\n\r\n\r\n", "")]
    [InlineData("0\r\n\r\n", "", "")]
    [InlineData("1\r\nx\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n", "x", "X-Sum=1 X-Other=2")]
    public void A_body_is_put_together_however_it_is_cut(string text, string content, string trailers)
    {
        for (var size = 1; size <= text.Length; size++)
        {
            var (status, got, fields, rest) = Read(text + "NEXT", size);

            Assert.Equal((ParseStatus.Complete, content, trailers, "NEXT"), (status, got, fields, rest));
        }
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("5\nhello\r\n0\r\n\r\n")]
    [InlineData("5\r\nhello\n0\r\n\r\n")]
    [InlineData("5\r\nhelloX\r\n0\r\n\r\n")]
    [InlineData("5\r\nhello0\r\n\r\n")]
    [InlineData("g\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("+1\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData(" 5\r\nhello\r\n")]
    [InlineData("5 5\r\nhello\r\n")]
    [InlineData("1000000000000000\r\n")]
    [InlineData("fffffffffffffffff\r\n")]
    [InlineData("5;a\rb\r\nhello\r\n")]
    [InlineData("5;a\0b\r\nhello\r\n")]
    [InlineData("0\r\nbad trailer\r\n\r\n")]
    [InlineData("0\r\nA: 1\0\r\n\r\n")]
    [InlineData("\n0\r\n\r\n")]
    public void What_could_hide_another_message_is_refused(string text)
    {
        Assert.Equal(ParseStatus.Malformed, Read(text, text.Length).Status);
        Assert.Equal(ParseStatus.Malformed, Read(text, 1).Status);
    }

    [Fact]
    public void A_size_line_and_trailers_have_a_limit()
    {
        Assert.Equal(ParseStatus.Malformed, Read("5;" + new string('a', 5000), 1000).Status);
        Assert.Equal(ParseStatus.Malformed, Read("0\r\nA: " + new string('a', 70_000), 1000).Status);
    }

    // Gives the decoder the text in pieces, as a connection would.
    private static (ParseStatus Status, string Content, string Trailers, string After) Read(string text, int size)
    {
        var chunks = new ChunkedBody();
        var trailers = new FieldList();
        var content = new StringBuilder();
        var bytes = Encoding.Latin1.GetBytes(text);
        var (start, end) = (0, 0);
        while (true)
        {
            var status = chunks.Next(bytes.AsSpan(start, end - start), out var consumed, out var data, trailers);
            start += consumed;
            content.Append(Encoding.Latin1.GetString(data));
            if (status != ParseStatus.Incomplete || (data.Length == 0 && end == bytes.Length))
            {
                var fields = string.Join(' ', Enumerable.Range(0, trailers.Count).Select(index => $"{trailers[index].Name}={trailers[index].Value}"));
                return (status, content.ToString(), fields, Encoding.Latin1.GetString(bytes.AsSpan(start)));
            }
            if (data.Length == 0)
            {
                end = Math.Min(bytes.Length, end + size);
            }
        }
    }
}
