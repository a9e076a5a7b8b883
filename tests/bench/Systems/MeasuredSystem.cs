using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Works;

namespace NodeMesh.Bench.Systems;

/// <summary>Something that stands between the client and the server, or nothing at all.</summary>
internal abstract class MeasuredSystem(string name)
{
    public string Name => name;

    /// <summary>What a reader of the table has to know about this system.</summary>
    public abstract string Description { get; }

    /// <summary>Where the client dials.</summary>
    public abstract string Address { get; }

    /// <summary>Where the client dials for the same server by way of routes; null where there are none.</summary>
    public virtual string? RoutedAddress => null;

    public virtual Pod Client => Topology.Client;

    /// <summary>Where its processes run and nothing else does; null where there are none.</summary>
    public Cgroup? Cgroup { get; protected set; }

    /// <summary>Whose CPU time is the system's.</summary>
    public virtual IEnumerable<Cgroup> Cgroups => Cgroup is null ? [] : [Cgroup];

    /// <summary>Whether its memory is that of one machine, so that it can be compared.</summary>
    public virtual bool HasMemoryFigures => true;

    /// <summary>How long each work runs before it is measured, until the system is as fast as it gets.</summary>
    public virtual double WarmUpSeconds => 1;

    /// <summary>Why it can't do this work, or null.</summary>
    public virtual string? Refuses(Work work) => null;

    public virtual Task StartAsync(CancellationToken cancelled) => Task.CompletedTask;

    /// <summary>May be called again, or without a start; afterwards it can be started anew.</summary>
    public virtual Task StopAsync()
    {
        Cgroup?.Dispose();
        Cgroup = null;
        return Task.CompletedTask;
    }
}
