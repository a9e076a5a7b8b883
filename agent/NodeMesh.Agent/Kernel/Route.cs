using System.Net;
using System.Net.Sockets;

namespace NodeMesh.Agent.Kernel;

/// <summary>A route, as far as this agent makes or judges any.</summary>
/// <param name="Type">RTN_*: 2 is local.</param>
/// <param name="PrefixLength">0: the default route.</param>
/// <param name="Interface">Index of the outgoing interface.</param>
/// <param name="Source">The source address of connections that chose none.</param>
/// <param name="Protocol">Who made the route (RTPROT_*).</param>
internal sealed record Route(
    AddressFamily Family, uint Table, byte Type, int PrefixLength, int Interface, IPAddress? Source, byte Protocol)
{
    /// <summary>RTN_LOCAL: packets are delivered here.</summary>
    public const byte Local = 2;

    /// <summary>lo is the first interface of every namespace.</summary>
    public const int LoopbackInterface = 1;
}
