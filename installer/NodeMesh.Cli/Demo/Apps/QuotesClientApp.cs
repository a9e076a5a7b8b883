using Grpc.Core;
using Grpc.Net.Client;

namespace NodeMesh.Cli.Demo.Apps;

/// <summary>Calls the quotes server for ever: nine unary calls, then a stream of five answers.</summary>
internal static class QuotesClientApp
{
    public static async Task RunAsync(string url, ClientTally tally, int rate)
    {
        using var channel = GrpcChannel.ForAddress(url, new GrpcChannelOptions { HttpHandler = CountedSockets.Handler(tally), DisposeHttpClient = true });
        var client = new Quotes.QuotesClient(channel);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rate));
        for (var call = 1; await timer.WaitForNextTickAsync(); call++)
        {
            try
            {
                var options = new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(3));
                var request = new QuoteRequest { Symbol = $"NM{call % 7}" };
                if (call % 10 != 0)
                {
                    await client.GetAsync(request, options);
                }
                else
                {
                    using var stream = client.Watch(request, options);
                    await foreach (var _ in stream.ResponseStream.ReadAllAsync())
                    {
                    }
                }
                tally.Succeeded();
            }
            catch (RpcException)
            {
                tally.Failed();
            }
        }
    }
}
