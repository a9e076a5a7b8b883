using NodeMesh.Proxy.Kernel;
using NodeMesh.Proxy.Loops;

namespace NodeMesh.Proxy.Detection;

/// <summary>What a client's first bytes have shown so far. They are only looked at: none is taken from the socket.</summary>
/// <param name="isDeclared">The resources say what is spoken: nothing is learnt from it.</param>
/// <param name="verdict">Undecided, unless nothing is to be looked at.</param>
internal sealed class FirstBytes(LoopSocket socket, DetectionPlan plan, bool isDeclared, Verdict verdict)
{
    public enum Outcome
    {
        GoOn,

        /// <summary>The client has closed without a word, where a declared protocol has it speak first.</summary>
        Closed,
        Broken,
    }

    public Verdict Verdict { get; private set; } = verdict;

    /// <summary>As the TLS handshake names it; null: it doesn't, or there is none.</summary>
    public string? ServerName { get; private set; }

    public bool HasSpoken { get; private set; }

    /// <summary>Whether a look may show something new.</summary>
    public bool IsDue => Verdict == Verdict.Undecided && socket.IsReadable;

    /// <param name="isLast">There has been time enough: what is there must do.</param>
    public Outcome Look(bool isLast)
    {
        var bytes = socket.Loop.Scratch.AsSpan(0, Detector.MaxBytes);
        var count = socket.Peek(bytes);
        socket.IsReadable = false; // nothing was taken, so only a new edge is worth another look
        if (count == 0)
        {
            if (isDeclared)
            {
                return Outcome.Closed;
            }
            Verdict = Verdict.Opaque; // it came to see whether somebody listens: let the server say
            return Outcome.GoOn;
        }
        if (count < 0)
        {
            return count == -Errno.Again ? Outcome.GoOn : Outcome.Broken;
        }
        HasSpoken = true;
        Classify(bytes[..count], isLast || socket.IsPeerClosed);
        return Outcome.GoOn;
    }

    /// <summary>The server spoke first, or both were silent.</summary>
    public void TakeForOpaque() => Verdict = Verdict.Opaque;

    private void Classify(ReadOnlySpan<byte> bytes, bool isAll)
    {
        Verdict = Detector.Classify(bytes);
        if (Verdict == Verdict.Undecided && isAll)
        {
            Verdict = Verdict.Opaque;
        }
        if (Verdict == Verdict.Tls)
        {
            ServerName = ClientHello.Parse(bytes).ServerName;
        }
        if (Verdict == Verdict.Opaque)
        {
            Verdict = plan.Otherwise;
        }
    }
}
