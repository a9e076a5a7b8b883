using System.Collections.Concurrent;
using NodeMesh.TestApp;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Kit;

/// <summary>A client process in a pod that makes the calls it is told to.</summary>
public sealed class TestClient : IAsyncDisposable
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource<CallResult>> _waiting = new();
    private readonly ChildProcess _process;
    private int _lastId;

    /// <param name="command">`nodemesh-testapp shell`, in a namespace, with whatever privileges.</param>
    public TestClient(string[] command) => _process = ChildProcess.Start(command, Take);

    public async Task<CallResult> CallAsync(CallRequest request)
    {
        request = request with { TimeoutMilliseconds = (int)(request.TimeoutMilliseconds * Eventually.Patience) };
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<CallResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        _process.Write(Arguments.ToJson(request with { Id = id }));
        // The client has a time limit of its own; this one is for a client that is dead.
        var limit = TimeSpan.FromMilliseconds(request.TimeoutMilliseconds + request.DurationMilliseconds) + TimeSpan.FromSeconds(10);
        try
        {
            return await answer.Task.WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"no answer to {Arguments.ToJson(request)}; the client's last lines:\n{_process.Tail()}");
        }
    }

    public Task<CallResult> CallAsync(string kind, string target) => CallAsync(new CallRequest { Kind = kind, Target = target });

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private void Take(string line)
    {
        if (line.StartsWith('{'))
        {
            var result = Arguments.FromJson<CallResult>(line);
            if (_waiting.TryRemove(result.Id, out var waiting))
            {
                waiting.SetResult(result);
            }
        }
    }
}
