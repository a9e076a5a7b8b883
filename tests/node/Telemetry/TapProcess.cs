using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Telemetry;

/// <summary>A running `nodemesh tap`, and what it has printed.</summary>
internal sealed class TapProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _text = new();
    private ChildProcess _process;

    public TapProcess(SmallShop shop, params string[] arguments) =>
        _process = ChildProcess.Start(shop.Node.Inside([Products.Cli, "tap", .. arguments, "--admin", "127.0.0.1:15020"]), _text.Enqueue);

    public IReadOnlyCollection<string> Text => _text;

    public IReadOnlyList<JsonObject> Lines => [.. _text.Select(line => JsonNode.Parse(line)!.AsObject())];

    public Task<JsonObject> LineAsync(Func<JsonObject, bool> which) => SeesAsync(() => Task.CompletedTask, which);

    /// <summary>Does it again until the line is there: who has just begun to watch has not seen the first.</summary>
    /// <param name="again">Another one, should this one have been refused.</param>
    public async Task<JsonObject> SeesAsync(Func<Task> act, Func<JsonObject, bool> which, Func<TapProcess>? again = null)
    {
        var found = await Eventually.HoldsAsync(
            "it is seen",
            async () =>
            {
                if (again is not null && _process.HasExited && _text.IsEmpty)
                {
                    _process = again()._process;
                }
                await act();
                return Lines.FirstOrDefault(which);
            },
            line => line is not null,
            TimeSpan.FromSeconds(20));
        return found ?? throw new InvalidOperationException(_process.Tail());
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
