namespace NodeMesh.Cni.Protocol;

/// <param name="Reason">Why, when the outcome is <see cref="CniOutcome.Refused"/>.</param>
internal sealed record CniAnswer(CniOutcome Outcome, string Reason = "");

internal enum CniOutcome
{
    /// <summary>Not captured although it should be, or not able to: the reason says why.</summary>
    Refused,

    /// <summary>The kernel steers the pod's connections, and the proxy knows the pod.</summary>
    Captured,

    /// <summary>The pod does not belong into the mesh.</summary>
    NotEnrolled,

    /// <summary>Done, or able to; where nothing else is to be told.</summary>
    Done,
}
