using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

/// <summary>A proxy that was there before: one process tree in the machine's namespace, dialled at an address of the machine.</summary>
internal abstract class Peer(string name, string address, Workspace workspace) : MeasuredSystem(name)
{
    private Daemon? _daemon;

    /// <summary>One for each peer: on a common one they would take each other's connections, since all set SO_REUSEPORT.</summary>
    public override string Address => address;

    protected Workspace Workspace => workspace;

    protected abstract string Program { get; }

    protected abstract IReadOnlyList<string> Arguments();

    public override async Task StartAsync(CancellationToken cancelled)
    {
        Cgroup = new Cgroup(Name);
        _daemon = new Daemon(new Placement(Topology.First.Namespace, Cgroup), workspace.PathOf(Name + ".log"), Program, Arguments());
        await Listening.WaitAsync(_daemon, workspace, Client, Address, Ports.Echo, cancelled);
    }

    public override async Task StopAsync()
    {
        if (_daemon is not null)
        {
            await _daemon.DisposeAsync();
            _daemon = null;
        }
        await base.StopAsync();
    }
}
