namespace NodeMesh.Agent.Capture.Ebpf;

/// <param name="Outcome">Whether this kernel has what eBPF capture needs.</param>
/// <param name="Reason">One sentence for the log: what was found, what is missing, what to do.</param>
internal sealed record ProbeResult(ProbeOutcome Outcome, string Reason);

internal enum ProbeOutcome
{
    There,
    NotThere,

    /// <summary>Something else stood in the way (privilege, a missing library): says nothing of the kernel.</summary>
    CouldNotTell,
}
