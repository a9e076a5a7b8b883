using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Telemetry;

/// <summary>A running `nodemesh tap`, and what it has printed.</summary>
internal sealed class TapProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _text = new();
    private ChildProcess _process;

    /// <param name="agents">The options that say which agents are asked.</param>
    public TapProcess(TestNode node, string[] agents, params string[] arguments) =>
        _process = ChildProcess.Start(node.Inside([Products.Cli, "tap", .. arguments, .. agents]), _text.Enqueue);

    /// <summary>Of stdout.</summary>
    public IReadOnlyCollection<string> Text => _text;

    public ChildProcess Process => _process;

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
