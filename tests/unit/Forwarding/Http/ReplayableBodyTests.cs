using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using NodeMesh.Proxy.Forwarding.Http;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

public sealed class ReplayableBodyTests
{
    private readonly Pipe _pipe = new();

    [Fact(Timeout = 20_000)]
    public async Task A_body_is_read_again_from_the_beginning_and_goes_on_where_the_downstream_is()
    {
        var body = new ReplayableBody(_pipe.Reader, 100);
        await WriteAsync("first ");
        Assert.Equal("first ", await ReadOnceAsync(body));

        body.Rewind();
        Assert.Equal("first ", await ReadOnceAsync(body));
        await WriteAsync("second");
        await _pipe.Writer.CompleteAsync();
        Assert.Equal("second", await ReadAllAsync(body));

        body.Rewind();
        Assert.Equal("first second", await ReadAllAsync(body));
        Assert.True(body.CanReplay);
    }

    [Fact(Timeout = 20_000)]
    public async Task Beyond_the_bound_it_flows_on_but_not_again()
    {
        var body = new ReplayableBody(_pipe.Reader, 8);
        await WriteAsync("12345678");
        Assert.Equal("12345678", await ReadOnceAsync(body));
        Assert.True(body.CanReplay);
        await WriteAsync("9");
        await _pipe.Writer.CompleteAsync();

        Assert.Equal("9", await ReadAllAsync(body));
        Assert.False(body.CanReplay);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_whole_body_is_handed_over_once()
    {
        var seen = new List<string>();
        var body = new ReplayableBody(_pipe.Reader, 100, whole => seen.Add(Encoding.ASCII.GetString(whole.Span)));
        await WriteAsync("a");
        await WriteAsync("b");
        await _pipe.Writer.CompleteAsync();
        await ReadAllAsync(body);
        body.Rewind();
        await ReadAllAsync(body);

        Assert.Equal(["ab"], seen);
    }

    private async Task WriteAsync(string text) => await _pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);

    private static async Task<string> ReadOnceAsync(PipeReader reader)
    {
        var result = await reader.ReadAsync(TestContext.Current.CancellationToken);
        var text = Encoding.ASCII.GetString(result.Buffer);
        reader.AdvanceTo(result.Buffer.End);
        return text;
    }

    private static async Task<string> ReadAllAsync(PipeReader reader)
    {
        var text = new StringBuilder();
        while (true)
        {
            var result = await reader.ReadAsync(TestContext.Current.CancellationToken);
            text.Append(Encoding.ASCII.GetString(result.Buffer));
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return text.ToString();
            }
        }
    }
}
