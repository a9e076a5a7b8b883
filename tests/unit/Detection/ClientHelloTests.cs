using System.Buffers.Binary;
using System.Net.Security;
using System.Text;
using NodeMesh.Proxy.Detection;
using Xunit;

namespace NodeMesh.UnitTests.Detection;

public sealed class ClientHelloTests
{
    [Fact(Timeout = 15_000)]
    public async Task The_hello_of_a_real_client_gives_its_server_name_and_protocols()
    {
        var hello = await RealHelloAsync("Shop.Example.org");

        Assert.Equal(Verdict.Tls, Detector.Classify(hello));
        var parsed = ClientHello.Parse(hello);
        Assert.Equal("shop.example.org", parsed.ServerName);
        Assert.Equal(["h2", "http/1.1"], parsed.Protocols);
    }

    [Fact(Timeout = 15_000)]
    public async Task Every_prefix_is_undecided_until_the_hello_is_whole()
    {
        var hello = await RealHelloAsync("a.example");
        for (var length = 1; length < hello.Length; length++)
        {
            Assert.Equal(Verdict.Undecided, Detector.Classify(hello.AsSpan(0, length)));
        }
    }

    [Fact(Timeout = 15_000)]
    public async Task A_hello_in_several_records_is_put_together()
    {
        var hello = await RealHelloAsync("split.example");
        var parsed = ClientHello.Parse(Split(hello, 40));

        Assert.Equal("split.example", parsed.ServerName);
        Assert.Equal(["h2", "http/1.1"], parsed.Protocols);
    }

    [Fact(Timeout = 15_000)]
    public async Task A_hello_cut_or_damaged_anywhere_is_survived()
    {
        var hello = await RealHelloAsync("hostile.example");
        var random = new Random(2);
        for (var length = 0; length < hello.Length; length++)
        {
            _ = ClientHello.Parse(hello.AsSpan(0, length));
            var damaged = hello.ToArray();
            damaged[length] = (byte)random.Next(256);
            _ = Detector.Classify(damaged);
            _ = ClientHello.Parse(damaged);
            _ = ClientHello.Parse(Split(damaged, 7));
        }
    }

    [Theory]
    [InlineData("evil\nname")]
    [InlineData("sp ace")]
    [InlineData("nul\0")]
    public void A_name_that_would_forge_log_lines_is_no_name(string name) =>
        Assert.Null(ClientHello.Parse(Hello(name)).ServerName);

    [Fact]
    public void A_made_hello_is_read() => Assert.Equal("ok.example", ClientHello.Parse(Hello("ok.example")).ServerName);

    [Fact]
    public void A_name_longer_than_any_host_is_no_name() => Assert.Null(ClientHello.Parse(Hello(new string('a', 256))).ServerName);

    [Theory]
    [InlineData(new byte[] { 22, 2, 0, 0, 10, 1, 0, 0, 6 })]
    [InlineData(new byte[] { 22, 3, 1, 0, 10, 2, 0, 0, 6 })]
    [InlineData(new byte[] { 22, 3, 1, 0xff, 0xff, 1, 0, 0, 6 })]
    [InlineData(new byte[] { 22, 3, 1, 0, 0, 1, 0, 0, 6 })]
    public void What_is_no_hello_is_opaque_at_once(byte[] bytes) => Assert.Equal(Verdict.Opaque, Detector.Classify(bytes));

    private static async Task<byte[]> RealHelloAsync(string host)
    {
        using var sent = new MemoryStream();
        await using var tls = new SslStream(new WriteOnly(sent));
        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        }));
        return sent.ToArray();
    }

    // The same message in records of a few bytes each.
    private static byte[] Split(byte[] hello, int size)
    {
        var records = new List<byte>();
        foreach (var part in hello[5..].Chunk(size))
        {
            records.AddRange([22, 3, 1, 0, (byte)part.Length, .. part]);
        }
        return [.. records];
    }

    private static byte[] Hello(string name)
    {
        var host = Encoding.Latin1.GetBytes(name);
        byte[] entry = [0, .. Big(host.Length), .. host];
        byte[] list = [.. Big(entry.Length), .. entry];
        byte[] extension = [0, 0, .. Big(list.Length), .. list];
        byte[] body = [3, 3, .. new byte[32], 0, 0, 2, 0x13, 1, 1, 0, .. Big(extension.Length), .. extension];
        return [22, 3, 1, .. Big(body.Length + 4), 1, 0, .. Big(body.Length), .. body];
    }

    private static byte[] Big(int value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }

    // Takes what is written; a read finds the end.
    private sealed class WriteOnly(MemoryStream sent) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => sent.Write(buffer, offset, count);
    }
}
