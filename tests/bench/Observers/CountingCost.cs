using System.Diagnostics;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Bench.Observers;

/// <summary>What the proxy's metrics take for one request of a connection that stays: one thread, nothing else.</summary>
internal static class CountingCost
{
    private const int Requests = 2_000_000;

    public static double Microseconds()
    {
        Count(Requests / 4); // compiles the code
        var started = Stopwatch.GetTimestamp();
        Count(Requests);
        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / Requests;
    }

    private static void Count(int requests)
    {
        var metrics = new ProxyMetrics();
        var labels = new TrafficLabels(TrafficDirection.Local, TrafficProtocol.Http1, "bench", "client", "bench", "server", "bench/server");
        var (series, connection) = (metrics.Requests(labels), metrics.Connections(labels));
        for (var i = 0; i < requests; i++)
        {
            connection.Sent(60);
            connection.Received(220);
            series.Done(200, null, Reason.None, TimeSpan.FromMicroseconds(i & 0xfff));
        }
    }
}
