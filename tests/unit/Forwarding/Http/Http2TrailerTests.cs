using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

public class Http2TrailerTests
{
    private const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    private const byte Data = 0, Headers = 1, Settings = 4;
    private const byte EndStream = 1, EndHeaders = 4;

    [Fact(Timeout = 20_000)]
    public async Task Trailers_follow_a_body_whose_length_was_declared()
    {
        await using var fixture = await HubFixture.StartAsync();
        var client = await fixture.ClientAsync(http2: true);
        await client.SendAsync(Preface + Frame(Settings, 0, 0, "")
            + Frame(Headers, EndStream | EndHeaders, 1, "\x82\x86\x84" + Field(":authority", "a") + Field("content-type", "application/grpc")));
        var upstream = await fixture.UpstreamAsync();
        await upstream.UntilAsync("application/grpc");

        await upstream.SendAsync(Frame(Settings, 0, 0, "")
            + Frame(Headers, EndHeaders, 1, "\x88" + Field("content-type", "application/grpc") + Field("content-length", "5"))
            + Frame(Data, 0, 1, "\0\0\0\0\0"));
        await client.UntilAsync("\0\0\0\0\0");
        await upstream.SendAsync(Frame(Headers, EndStream | EndHeaders, 1, Field("grpc-status", "0")));

        await client.UntilAsync(Field("grpc-status", "0")[1..]);
    }

    private static string Frame(byte type, byte flags, byte stream, string payload) =>
        $"\0{(char)(payload.Length >> 8)}{(char)(payload.Length & 0xff)}{(char)type}{(char)flags}\0\0\0{(char)stream}{payload}";

    // HPACK: a literal, not to be indexed, without Huffman coding.
    private static string Field(string name, string value) => $"\0{(char)name.Length}{name}{(char)value.Length}{value}";
}
