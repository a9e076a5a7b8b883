using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Capture.Ebpf;
using NodeMesh.Agent.Capture.Iptables;

namespace NodeMesh.Agent.Capture;

/// <summary>Chooses how to capture, and says what was found and why.</summary>
internal static partial class CaptureChooser
{
    /// <exception cref="CaptureException">What was asked for, or anything at all, is not to be had on this kernel.</exception>
    public static ICapture Choose(AgentOptions options, ILogger log)
    {
        if (options.Capture is CaptureChoice.Auto or CaptureChoice.Ebpf)
        {
            var ebpf = EbpfProbe.Run();
            LogProbe(log, "ebpf", ebpf.Outcome, ebpf.Reason);
            if (ebpf.Outcome == ProbeOutcome.There)
            {
                return new EbpfCapture(new PinDirectory(options.Pins ?? Path.Combine(options.State.Path, "bpf")), new EbpfCaptureOptions(), log);
            }
            if (options.Capture == CaptureChoice.Ebpf)
            {
                throw new CaptureException($"eBPF capture can't be had here: {ebpf.Reason}; or run with --capture iptables");
            }
        }

        var iptables = IptablesProbe.Run();
        LogProbe(log, "iptables", iptables.Outcome, iptables.Reason);
        return iptables.Outcome == ProbeOutcome.There
            ? new IptablesCapture(options.State.Agent, log)
            : throw new CaptureException($"iptables capture can't be had here: {iptables.Reason}");
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "CaptureProbe", Message = "capture by {Mode}: {Outcome}: {Reason}")]
    private static partial void LogProbe(ILogger log, string mode, ProbeOutcome outcome, string reason);
}
