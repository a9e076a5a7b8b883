using Grpc.Core;
using NodeMesh.Agent.Compiler;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Serving;

/// <summary>config.sock: sends every proxy the mesh and its changes, and asks it about its traffic.</summary>
internal sealed class ConfigService(SnapshotPublisher publisher, ProxySessions sessions) : Node.NodeBase
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
                await responseStream.WriteAsync(new ReportQuestion { Kind = question.Kind }, context.CancellationToken).ConfigureAwait(false);
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
