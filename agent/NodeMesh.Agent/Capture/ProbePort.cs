namespace NodeMesh.Agent.Capture;

/// <summary>A port of a pod that the kubelet of its node asks whether the pod is well.</summary>
/// <param name="IsDirect">The mesh stays out of it: it would open any connection, and sees no request in TLS. Else only while no proxy is alive.</param>
internal readonly record struct ProbePort(ushort Port, bool IsDirect);
