using Prometheus;

namespace NodeMesh.Contract.Telemetry;

/// <summary>How the .NET runtime of one of the two processes does. Read at each scrape.</summary>
public sealed class RuntimeMetrics
{
    private readonly Counter _collections;
    private readonly Counter _pauses;
    private readonly Counter _allocated;
    private readonly Gauge _heap;
    private readonly Gauge _threads;
    private readonly Gauge _queued;
    private readonly Gauge _descriptors;

    /// <param name="process">Stands in the names: agent or proxy, whose metrics are scraped together.</param>
    public RuntimeMetrics(CollectorRegistry registry, string process)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        metrics.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        _collections = metrics.CreateCounter($"nodemesh_{process}_gc_collections_total", "Garbage collections, by generation.", "generation");
        _pauses = metrics.CreateCounter($"nodemesh_{process}_gc_pause_seconds_total", "Time in which all threads stood still for the garbage collector.");
        _allocated = metrics.CreateCounter($"nodemesh_{process}_allocated_bytes_total", "Memory allocated on the managed heap.");
        _heap = metrics.CreateGauge($"nodemesh_{process}_heap_bytes", "Managed heap, with what is no longer used and not yet collected.");
        _threads = metrics.CreateGauge($"nodemesh_{process}_pool_threads", "Threads of the thread pool.");
        _queued = metrics.CreateGauge($"nodemesh_{process}_pool_queue_length", "Work that waits for a thread of the pool.");
        _descriptors = metrics.CreateGauge($"nodemesh_{process}_open_descriptors", "Open file descriptors.");
        registry.AddBeforeCollectCallback(Fill);
    }

    private void Fill()
    {
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            _collections.WithLabels(generation.ToString(System.Globalization.CultureInfo.InvariantCulture)).IncTo(GC.CollectionCount(generation));
        }
        _pauses.IncTo(GC.GetTotalPauseDuration().TotalSeconds);
        _allocated.IncTo(GC.GetTotalAllocatedBytes());
        _heap.Set(GC.GetTotalMemory(forceFullCollection: false));
        _threads.Set(ThreadPool.ThreadCount);
        _queued.Set(ThreadPool.PendingWorkItemCount);
        _descriptors.Set(Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
    }
}
