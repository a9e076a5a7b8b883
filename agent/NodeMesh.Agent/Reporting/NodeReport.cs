using System.Collections.Immutable;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;
using PodStatus = NodeMesh.Agent.Serving.PodStatus;

namespace NodeMesh.Agent.Reporting;

/// <summary>What a node has to say to the cluster.</summary>
/// <param name="Pods">How the pods of this node stand.</param>
/// <param name="Declared">All pods as they are declared, by id.</param>
/// <param name="Routes">The conditions of every route, the same on each node.</param>
/// <param name="Policies">The same of every policy.</param>
/// <param name="StartedUnmeshed">Pods that the CNI plugin let start without an answer of the agent; the uid is empty where the runtime does not tell.</param>
internal sealed record NodeReport(
    string CaptureMode,
    IReadOnlyList<PodStatus> Pods,
    ImmutableSortedDictionary<string, Pod> Declared,
    ImmutableSortedDictionary<string, RouteStatus> Routes,
    ImmutableSortedDictionary<string, PolicyStatus> Policies,
    IReadOnlyCollection<(string Id, string Uid)> StartedUnmeshed);
