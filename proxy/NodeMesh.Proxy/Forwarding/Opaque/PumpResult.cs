namespace NodeMesh.Proxy.Forwarding.Opaque;

internal enum PumpResult
{
    /// <summary>For bytes, for room, or for nothing any more: an event will tell.</summary>
    Waits,

    /// <summary>It had its turn, and there is more.</summary>
    HasMore,

    ReadFailed,
    WriteFailed,
}
