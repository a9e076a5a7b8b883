using Xunit;
using NodeMesh.Proxy.Forwarding.Http;

namespace NodeMesh.UnitTests.Forwarding.Http;

public sealed class LoanBufferTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_byte_comes_out_once_and_in_order(int seed)
    {
        var random = new Random(seed);
        var buffer = new LoanBuffer();
        byte added = 0, taken = 0;
        for (var step = 0; step < 20_000; step++)
        {
            buffer.MakeRoom(random.Next(1, 5000));
            var count = random.Next(Math.Min(buffer.Room, 3000)) + 1;
            foreach (ref var place in buffer.FreeMemory.Span[..count])
            {
                place = added++;
            }
            buffer.Add(count);

            foreach (var value in buffer.Memory.Span[..random.Next(buffer.Length + 1)])
            {
                Assert.Equal(taken++, value);
                buffer.Take(1);
            }
        }
        Assert.Equal((byte)(added - taken), (byte)buffer.Length);
        buffer.GiveBack();
    }

    [Fact]
    public void A_loan_does_not_grow_for_one_who_keeps_up()
    {
        var buffer = new LoanBuffer();
        for (var step = 0; step < 1000; step++)
        {
            buffer.MakeRoom(4096);
            buffer.Add(buffer.Room);
            buffer.Take(buffer.Length - 1000);
        }
        Assert.Equal(4096, buffer.Capacity);
        buffer.GiveBack();
    }

    [Fact]
    public void There_is_nothing_in_one_that_was_given_back()
    {
        var buffer = new LoanBuffer();
        buffer.MakeRoom(10);
        buffer.Add(10);

        buffer.GiveBack();

        Assert.Equal((0, 0, 0), (buffer.Length, buffer.Capacity, buffer.Room));
        Assert.True(buffer.Memory.IsEmpty && buffer.Free.IsEmpty);
    }
}
