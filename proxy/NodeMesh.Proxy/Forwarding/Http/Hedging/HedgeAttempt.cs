using Microsoft.AspNetCore.Http;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http.Hedging;

/// <summary>The second attempt of a request: its answer is kept until it is whole, and of use if it is no failure and not too long.</summary>
/// <param name="decision">Where it goes.</param>
internal sealed class HedgeAttempt(HttpExchange original, RequestDecision decision, IUpstreamEngine engine, TimeProvider time) : IDisposable
{
    // What one request may hold in memory beside its own buffers.
    private const int MaxBody = 256 * 1024;

    private const int ServerError = 500;

    private readonly CancellationTokenSource _ends = CancellationTokenSource.CreateLinkedTokenSource(original.Ends);
    private readonly MemoryStream _body = new(new byte[MaxBody], 0, MaxBody, writable: true, publiclyVisible: true);
    private HttpExchange? _exchange;

    /// <returns>False: it has no answer that could be used.</returns>
    public async Task<bool> RunAsync()
    {
        var endpoint = decision.Endpoint!;
        if (!EndpointLease.TryBegin(endpoint.Load, time, isRequest: true, holdsConnection: !decision.IsHttp2, out var lease))
        {
            return false;
        }
        try
        {
            await Task.Yield();
            var connection = original.Connection.ForCopy();
            _exchange = new HttpExchange(new CopyFeatures(CopyFeatures.Of(original.Request), null, _body, _ends.Token).Collection, connection) { Lease = lease, CopyLimit = _ends.Token };
            var outcome = await engine.ExchangeAsync(_exchange, connection.Pod.TargetFor(endpoint, connection.Downstream));
            if (outcome.BlamesUpstream && !_ends.IsCancellationRequested)
            {
                lease.Failed();
            }
            return outcome is { HasAnswer: true, Reason: Reason.None, Status: > 0 and < ServerError };
        }
        catch (Exception failure) when (failure is IOException or NotSupportedException or InvalidOperationException or OperationCanceledException)
        {
            return false; // too long, or given up
        }
        finally
        {
            lease.End();
        }
    }

    /// <summary>It is not needed any more.</summary>
    public void End() => _ends.Cancel();

    /// <summary>Makes its answer that of the request.</summary>
    public async ValueTask<ExchangeOutcome> AnswerAsync()
    {
        var (from, to) = (_exchange!.Response, original.Response);
        to.Headers.Clear();
        to.StatusCode = from.StatusCode;
        to.ReasonPhrase = from.ReasonPhrase;
        foreach (var (name, values) in from.Headers)
        {
            to.Headers[name] = values;
        }
        if (!original.IsTaken())
        {
            return ExchangeOutcome.Unanswered(from.StatusCode, Reason.None);
        }
        if (!HttpMethods.IsHead(original.Request.Method) && _body.Position > 0)
        {
            to.Headers.TransferEncoding = default;
            to.Headers.ContentLength = _body.Position;
            await original.ResponseBody.Writer.WriteAsync(_body.GetBuffer().AsMemory(0, (int)_body.Position), original.Gone);
        }
        return ExchangeOutcome.Answered(to.StatusCode);
    }

    public void Dispose()
    {
        _ends.Dispose();
        _body.Dispose();
    }
}
