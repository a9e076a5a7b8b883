using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using NodeMesh.Contract.Kernel;
using Xunit;

namespace NodeMesh.UnitTests.AgentLink;

public sealed class PacketSocketTests
{
    /// <summary>Odd numbers too, whose control message ends in padding; and as many as the kernel takes.</summary>
    [Theory(Timeout = 10_000)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(252)]
    [InlineData(PacketSocket.MaxDescriptors)]
    public async Task As_many_descriptors_arrive_as_were_sent(int count)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = PacketSocket.NewSocket();
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var sender = PacketSocket.Connect(path);
        using var receiver = new PacketSocket(await listener.AcceptAsync(TestContext.Current.CancellationToken));
        using var file = File.OpenHandle("/dev/null");
        var files = Enumerable.Repeat<SafeHandle>(file, count).ToArray();

        sender.Send("x"u8, files);
        var packet = receiver.Receive();

        Assert.NotNull(packet);
        Assert.Equal("x"u8.ToArray(), packet.Data.ToArray());
        foreach (var descriptor in packet.Descriptors)
        {
            new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
        }
        Assert.Equal(count, packet.Descriptors.Count);
        File.Delete(path);
    }
}
