using Grpc.Core;
using NodeMesh.Agent.Compiler;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Serving;

/// <summary>config.sock: sends every proxy the mesh and its changes, and asks it about its traffic.</summary>
internal sealed class ConfigService(SnapshotPublisher publisher, ProxySessions sessions, TapHub taps) : Node.NodeBase
{
    public override async Task Watch(IAsyncStreamReader<WatchRequest> requestStream, IServerStreamWriter<SnapshotDelta> responseStream, ServerCallContext context)
    {
        if (!await requestStream.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var session = sessions.Open(requestStream.Current.Pid, requestStream.Current.ProxyVersion);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        try
        {
            var reading = ReadAppliedAsync(requestStream, session, ended);
            await SendChangesAsync(responseStream, ended.Token).ConfigureAwait(false);
            await reading.ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or RpcException)
        {
            // The proxy went away, or the agent stops: it will dial again.
        }
        finally
        {
            sessions.Close(session);
        }
    }

    public override async Task Report(IAsyncStreamReader<ReportAnswer> requestStream, IServerStreamWriter<ReportQuestion> responseStream, ServerCallContext context)
    {
        if (!await requestStream.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var reporter = sessions.OpenReporter(requestStream.Current.Pid);
        try
        {
            await foreach (var question in reporter.Questions.ReadAllAsync(context.CancellationToken).ConfigureAwait(false))
            {
                await responseStream.WriteAsync(question.Question, context.CancellationToken).ConfigureAwait(false);
                if (!await requestStream.MoveNext(context.CancellationToken).ConfigureAwait(false))
                {
                    question.Answer.TrySetCanceled();
                    break;
                }
                question.Answer.TrySetResult(requestStream.Current.Body);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or RpcException)
        {
            // As above.
        }
        finally
        {
            sessions.CloseReporter(reporter);
        }
    }

    public override async Task Taps(IAsyncStreamReader<TapEvent> requestStream, IServerStreamWriter<TapOrder> responseStream, ServerCallContext context)
    {
        if (!await requestStream.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            return;
        }
        var orders = taps.Enter();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        try
        {
            var reading = ReadTapsAsync(requestStream, ended);
            await foreach (var order in orders.Reader.ReadAllAsync(ended.Token).ConfigureAwait(false))
            {
                await responseStream.WriteAsync(order, ended.Token).ConfigureAwait(false);
            }
            await reading.ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or RpcException)
        {
            // As above.
        }
        finally
        {
            taps.Leave(orders);
        }
    }

    private async Task ReadTapsAsync(IAsyncStreamReader<TapEvent> events, CancellationTokenSource ended)
    {
        // Of those that the watcher has no room for the next one that it has tells.
        var leftOut = new Dictionary<ulong, ulong>();
        try
        {
            while (await events.MoveNext(ended.Token).ConfigureAwait(false))
            {
                var told = events.Current;
                told.LeftOut += leftOut.GetValueOrDefault(told.Tap);
                leftOut[told.Tap] = taps.Tell(told) ? 0 : told.LeftOut + (told.Json.Length > 0 ? 1UL : 0);
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
        }
    }

    private static async Task ReadAppliedAsync(IAsyncStreamReader<WatchRequest> requests, ProxySession session, CancellationTokenSource ended)
    {
        try
        {
            while (await requests.MoveNext(ended.Token).ConfigureAwait(false))
            {
                session.Applied = requests.Current.Applied;
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task SendChangesAsync(IServerStreamWriter<SnapshotDelta> deltas, CancellationToken cancellation)
    {
        var known = (Version: 0ul, Content: MeshSnapshotContent.Empty);
        while (true)
        {
            // What changed while the last delta was on its way goes out as one.
            var next = await publisher.NextAsync(known.Version, cancellation).ConfigureAwait(false);
            var delta = SnapshotDiff.Delta(known.Content, next.Content);
            delta.Version = next.Version;
            delta.Full = known.Version == 0;
            await deltas.WriteAsync(delta, cancellation).ConfigureAwait(false);
            known = next;
        }
    }
}
