using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.Proxy.Telemetry.AccessLogs;
using NodeMesh.UnitTests.Forwarding;
using Prometheus;
using Xunit;

namespace NodeMesh.UnitTests.Telemetry.AccessLogs;

public sealed class LineSinkTests : IDisposable
{
    private static readonly AccessLogEntry Log = new(new AccessLogRules { Format = "%PATH%", PerMillion = 1_000_000 });

    private readonly ProxyMetrics _metrics = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("nodemesh").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact(Timeout = 20_000)]
    public async Task What_a_sink_takes_too_slowly_is_dropped_and_counted_and_nobody_waits()
    {
        using var gate = new ManualResetEventSlim();
        var text = new StringBuilder();
        var sink = Sink(bytes =>
        {
            gate.Wait();
            text.Append(Encoding.UTF8.GetString(bytes));
        });
        const int more = 50;
        for (var i = 0; i < LineSink.Capacity + 4096 + more; i++)
        {
            sink.Write(Log, Record("/x")); // would hang here if it waited
        }
        Assert.True(await CountAsync("dropped_total{sink=\"file\",reason=\"full\"}") >= more);

        gate.Set();
        var dropped = await CountAsync("dropped_total{sink=\"file\",reason=\"full\"}");
        await EventuallyAsync("lines_total{sink=\"file\"}", LineSink.Capacity + 4096 + more - dropped);
        Assert.Equal("/x\n/x\n", text.ToString()[..6]);
    }

    [Fact(Timeout = 20_000)]
    public async Task What_can_not_be_written_is_counted_and_later_lines_are_written_again()
    {
        var fails = true;
        var sink = Sink(_ =>
        {
            if (Volatile.Read(ref fails))
            {
                throw new IOException("no space left");
            }
        });
        sink.Write(Log, Record("/1"));
        await EventuallyAsync("dropped_total{sink=\"file\",reason=\"failed\"}", 1);
        Volatile.Write(ref fails, false);
        sink.Write(Log, Record("/2"));
        await EventuallyAsync("lines_total{sink=\"file\"}", 1);
    }

    [Fact]
    public void A_file_that_was_rotated_is_opened_anew()
    {
        var path = Path.Combine(_directory, "a.log");
        using var file = new AppendFile(path);
        file.Write("1\n"u8);
        File.Move(path, path + ".1");
        file.Write("2\n"u8);
        file.Write("3\n"u8);
        File.Delete(path);
        file.Write("4\n"u8);

        Assert.Equal("1\n", File.ReadAllText(path + ".1"));
        Assert.Equal("4\n", File.ReadAllText(path));
    }

    [Fact]
    public void A_file_that_would_grow_too_long_becomes_the_older_one_of_which_there_is_one()
    {
        var path = Path.Combine(_directory, "a.log");
        File.WriteAllText(path, "before\n");
        using var file = new AppendFile(path) { MaxBytes = 8 };
        foreach (var line in new[] { "1111\n"u8.ToArray(), "22\n"u8.ToArray(), "3333\n"u8.ToArray(), "too long for it\n"u8.ToArray(), "5\n"u8.ToArray() })
        {
            file.Write(line);
            Assert.EndsWith(Encoding.UTF8.GetString(line), File.ReadAllText(path), StringComparison.Ordinal);
        }

        Assert.Equal(("5\n", "too long for it\n"), (File.ReadAllText(path), File.ReadAllText(path + ".1")));
        Assert.Equal(2, Directory.GetFiles(_directory).Length);

        file.MaxBytes = 0;
        file.Write("as long as it likes\n"u8);
        Assert.Equal("5\nas long as it likes\n", File.ReadAllText(path));
    }

    [Fact]
    public void Two_that_write_one_file_share_its_length()
    {
        var path = Path.Combine(_directory, "a.log");
        using var one = new AppendFile(path) { MaxBytes = 8 };
        using var other = new AppendFile(path) { MaxBytes = 8 };
        one.Write("1111\n"u8);
        other.Write("22\n"u8);
        one.Write("33\n"u8);
        other.Write("44\n"u8);

        Assert.Equal(("33\n44\n", "1111\n22\n"), (File.ReadAllText(path), File.ReadAllText(path + ".1")));
    }

    [Fact]
    public void What_can_not_make_way_is_not_written_rather_than_fill_the_disk()
    {
        var path = Path.Combine(_directory, "a.log");
        Directory.CreateDirectory(path + ".1");
        using var file = new AppendFile(path) { MaxBytes = 4 };
        file.Write("111\n"u8);

        Assert.Throws<IOException>(() => file.Write("2\n"u8));
        Assert.Equal("111\n", File.ReadAllText(path));
        Directory.Delete(path + ".1");
        file.Write("3\n"u8);
        Assert.Equal(("3\n", "111\n"), (File.ReadAllText(path), File.ReadAllText(path + ".1")));
    }

    [Fact]
    public void A_link_in_the_place_of_a_file_is_not_followed()
    {
        var path = Path.Combine(_directory, "a.log");
        File.CreateSymbolicLink(path, Path.Combine(_directory, "elsewhere"));
        using var file = new AppendFile(path);

        Assert.Throws<IOException>(() => file.Write("1\n"u8));
        Assert.False(File.Exists(Path.Combine(_directory, "elsewhere")));
    }

    private LineSink Sink(Action<ReadOnlySpan<byte>> write)
    {
        var sink = new LineSink("file", "a.log", write, new TelemetryMetrics(_metrics.Registry), NullLogger.Instance);
        sink.Start();
        return sink;
    }

    private async Task<double> CountAsync(string series)
    {
        var text = Encoding.UTF8.GetString(await _metrics.ExportAsync(ExpositionFormat.PrometheusText, TestContext.Current.CancellationToken));
        return text.Split('\n').Where(line => line.StartsWith($"nodemesh_access_log_{series} ", StringComparison.Ordinal)).Sum(line => double.Parse(line.Split(' ')[^1]));
    }

    private async Task EventuallyAsync(string series, double count)
    {
        for (var turn = 0; await CountAsync(series) != count; turn++)
        {
            Assert.True(turn < 250, $"{series} is {await CountAsync(series)}, not {count}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static TrafficRecord Record(string path)
    {
        var record = new TrafficRecord(
            new RecordedTraffic().Observer(new SnapshotStore(TimeProvider.System)), new ConnectionRoute(null, null, null, IsClusterIp: false) { Declared = Protocol.Http },
            new IPEndPoint(1, 1), new IPEndPoint(2, 2), TimeProvider.System)
        {
            Method = "GET", Path = path,
        };
        record.Ended(TrafficDirection.Local, 200, null, Reason.None);
        return record;
    }
}
