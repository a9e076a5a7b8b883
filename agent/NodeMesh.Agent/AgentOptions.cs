using System.Net;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Serving.Console;
using NodeMesh.Contract.Telemetry;

namespace NodeMesh.Agent;

/// <summary>The command line of <c>nodemesh-agent run</c>, checked.</summary>
internal sealed record AgentOptions
{
    /// <summary>Where the resources come from, for the log: a directory, or an API server.</summary>
    public required string Source { get; init; }

    public required CaptureChoice Capture { get; init; }

    /// <summary>Where /metrics, /healthz, /readyz, /pods and /config are served.</summary>
    public required IPEndPoint Admin { get; init; }

    /// <summary>Who reaches <see cref="Admin"/> may watch traffic (/tap); else only who is on this machine.</summary>
    public bool IsTapOpen { get; init; }

    /// <summary>Of the page at <see cref="Admin"/>.</summary>
    public ConsoleOptions Console { get; init; } = new();

    /// <summary>Holds every socket, pin and file of this agent: two agents with two state directories live on one kernel.</summary>
    public required StateDirectory State { get; init; }

    /// <summary>The proxy's executable; null: proxies are started by somebody else, and connect by themselves.</summary>
    public required string? Proxy { get; init; }

    /// <summary>Where the proxy may have files for access logs; null: nowhere.</summary>
    public string? AccessLogs { get; init; }

    /// <summary>With proxies started by somebody else: what this agent and its own proxy both are called, such as the uid of their Kubernetes pod.</summary>
    public string Instance { get; init; } = "";

    /// <summary>Take the state directory over from an agent that runs, and stand by for whoever takes it over in turn.</summary>
    public bool TakeOver { get; init; }

    /// <summary>With <see cref="TakeOver"/>: an agent that was taken over, and waits until it is needed again.</summary>
    public bool StandBy { get; init; }

    /// <summary>Where eBPF programs are pinned: a directory of a bpffs that is mounted already; null: one of this agent's own, below the state directory.</summary>
    public string? Pins { get; init; }

    /// <summary>Where the machine's procfs is mounted.</summary>
    public required string Proc { get; init; }

    /// <summary>How the CNI plugin is put into the node's network configuration.</summary>
    public required CniChain.ChainOptions Chain { get; init; }

    /// <summary>The user and group id the proxy runs as.</summary>
    public required uint ProxyUser { get; init; }

    /// <summary>The name of this node: pods with another spec.nodeName live elsewhere.</summary>
    public required string Node { get; init; }

    /// <summary>What happens to new connections of pods that don't say, while no proxy is alive.</summary>
    public required FailurePolicy OnFailure { get; init; }

    /// <summary>How long connections under way may go on when a pod is un-enrolled, or a proxy or the agent stops.</summary>
    public required TimeSpan Drain { get; init; }

    /// <summary>True: stopping leaves capture and proxy in place for a successor, as a crash does. False: everything is put back as it was found.</summary>
    public required bool KeepOnStop { get; init; }

    public required LogLevels LogLevels { get; init; }

    /// <summary>namespace/name of the DaemonSet that runs this agent; null: none does.</summary>
    public string? DaemonSet { get; init; }

    /// <summary>Asked when stopping: whether another agent will follow, so that everything is left to it. null: nobody knows.</summary>
    public Func<Task<bool>>? WillBeSucceeded { get; init; }
}

internal enum CaptureChoice
{
    Auto,
    Ebpf,
    Iptables,
}
