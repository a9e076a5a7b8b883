using System.Net;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Security;

/// <summary>What authorisation depends on, but for the request.</summary>
/// <param name="Source">null: not a pod the mesh knows.</param>
/// <param name="Port">That the destination pod listens on.</param>
internal readonly record struct AccessFacts(WorkloadEntry? Source, IPAddress Client, int Port);
