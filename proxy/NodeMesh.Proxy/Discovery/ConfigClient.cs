using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract;
using NodeMesh.Contract.Telemetry;
using NodeMesh.Proxy.Telemetry.Taps;
using Prometheus;

namespace NodeMesh.Proxy.Discovery;

/// <summary>
/// The proxy's end of config.sock: puts every snapshot in force and says so, and answers the agent's questions.
/// Comes back after the agent went away; until then the last snapshot serves.
/// </summary>
/// <param name="metrics">Answers METRICS and OPEN_METRICS.</param>
/// <param name="backends">Answers BACKENDS.</param>
/// <param name="levels">Changed by LOG_LEVEL.</param>
/// <param name="taps">Answers whoever watches traffic.</param>
internal sealed partial class ConfigClient(
    string socketPath,
    ProxyIdentity identity,
    SnapshotStore store,
    Func<ExpositionFormat, CancellationToken, Task<byte[]>> metrics,
    Func<byte[]> backends,
    LogLevels levels,
    TapChannel taps,
    TimeProvider time,
    ILogger<ConfigClient> logger)
{
    // The agent is on the same node: a try costs next to nothing, and a restarted one should be found soon.
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(2);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var channel = GrpcChannel.ForAddress("http://agent", new GrpcChannelOptions
        {
            HttpHandler = NewHandler(),
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null, // The snapshot of a large mesh is larger than the 4 MB that gRPC takes by default.
        });
        var node = new Node.NodeClient(channel);
        await Task.WhenAll(
            RepeatAsync("Watch", succeeded => WatchAsync(node, succeeded, cancellation), cancellation),
            RepeatAsync("Report", succeeded => ReportAsync(node, succeeded, cancellation), cancellation),
            RepeatAsync("Taps", succeeded => taps.RunAsync(node, succeeded, cancellation), cancellation));
    }

    private SocketsHttpHandler NewHandler() => new()
    {
        UseProxy = false,
        ActivityHeadersPropagator = null,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    private async Task RepeatAsync(string call, Func<Action, Task> callAsync, CancellationToken cancellation)
    {
        var delay = FirstDelay;
        var connected = true;
        while (true)
        {
            try
            {
                await callAsync(() =>
                {
                    delay = FirstDelay;
                    connected = true;
                });
            }
            catch (Exception) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Once for each time the agent goes away, not for every try.
                if (connected)
                {
                    LogLost(logger, call, socketPath, exception.Message);
                    connected = false;
                }
            }

            try
            {
                await Task.Delay(delay, time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

    private async Task WatchAsync(Node.NodeClient node, Action succeeded, CancellationToken cancellation)
    {
        using var call = node.Watch(cancellationToken: cancellation);
        await call.RequestStream.WriteAsync(
            new WatchRequest { ProxyVersion = identity.Version, Pid = identity.Id, Applied = store.Current.Version }, cancellation);
        await foreach (var delta in call.ResponseStream.ReadAllAsync(cancellation))
        {
            store.Apply(delta);
            succeeded();
            LogApplied(logger, delta.Version, delta.Full, delta.Workloads.Count, delta.Services.Count);
            await call.RequestStream.WriteAsync(new WatchRequest { Applied = delta.Version }, cancellation);
        }
    }

    private async Task ReportAsync(Node.NodeClient node, Action succeeded, CancellationToken cancellation)
    {
        using var call = node.Report(cancellationToken: cancellation);
        await call.RequestStream.WriteAsync(new ReportAnswer { Pid = identity.Id }, cancellation);
        await foreach (var question in call.ResponseStream.ReadAllAsync(cancellation))
        {
            succeeded();
            // A question this version does not know gets an empty answer, so that question and answer stay in step.
            var body = question.Kind switch
            {
                ReportQuestion.Types.Kind.Metrics => await metrics(ExpositionFormat.PrometheusText, cancellation),
                ReportQuestion.Types.Kind.OpenMetrics => await metrics(ExpositionFormat.OpenMetricsText, cancellation),
                ReportQuestion.Types.Kind.Backends => backends(),
                ReportQuestion.Types.Kind.LogLevel => Change(question),
                _ => [],
            };
            await call.RequestStream.WriteAsync(new ReportAnswer { Body = UnsafeByteOperations.UnsafeWrap(body) }, cancellation);
        }
    }

    private byte[] Change(ReportQuestion question)
    {
        if (Enum.TryParse<LogLevel>(question.LogLevel, out var level))
        {
            levels.Set(level, TimeSpan.FromSeconds(question.LogLevelSeconds));
        }
        return [];
    }

    [LoggerMessage(EventName = "SnapshotApplied", Level = LogLevel.Debug, Message = "Snapshot {Version} is in force (full: {Full}; {Workloads} workloads and {Services} services sent)")]
    private static partial void LogApplied(ILogger logger, ulong version, bool full, int workloads, int services);

    [LoggerMessage(EventName = "AgentLost", Level = LogLevel.Warning, Message = "{Call} on {Socket} ended: {Error}. The last snapshot serves on; trying again until the agent is back")]
    private static partial void LogLost(ILogger logger, string call, string socket, string error);
}
