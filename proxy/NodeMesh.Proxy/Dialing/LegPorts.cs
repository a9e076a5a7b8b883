namespace NodeMesh.Proxy.Dialing;

/// <summary>
/// Source ports for inbound legs. A leg (client address, its port) -> (pod, port) lives in the same namespace as the proxy's
/// accepted socket (pod, port) &lt;- (client address, client port). Were both ports the same, the leg's SYN would reach the accepted
/// socket instead of the app, and the dial would hang (the accepted connection goes on unharmed). The kernel sees no conflict:
/// for it the two are different pairs, and left to itself it chooses from 32768 to 60999 just as the clients do.
/// IP_LOCAL_PORT_RANGE cannot move a leg out of there: the kernel ignores what is outside of the namespace's own range.
/// So a leg is bound to a port that Linux clients are never given. 4,536 legs from one client to one port of a pod can be open
/// at a time; a dial that finds its port taken (EADDRNOTAVAIL, EADDRINUSE) tries again with 0, the kernel's choice.
/// </summary>
internal static class LegPorts
{
    public const int First = 61000;
    public const int Last = 65535;

    private static uint _next;

    /// <summary>The next port in turn, so that one that was just given up rests as long as possible.</summary>
    public static int Next() => First + (int)(Interlocked.Increment(ref _next) % (Last - First + 1));
}
