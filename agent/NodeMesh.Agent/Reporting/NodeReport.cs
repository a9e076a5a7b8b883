using System.Collections.Immutable;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;
using PodStatus = NodeMesh.Agent.Serving.PodStatus;

namespace NodeMesh.Agent.Reporting;

/// <summary>What a node has to say to the cluster.</summary>
/// <param name="Pods">How the pods of this node stand.</param>
/// <param name="Declared">All pods as they are declared, by id.</param>
/// <param name="Routes">The conditions of every route, the same on each node.</param>
internal sealed record NodeReport(
    string CaptureMode,
    IReadOnlyList<PodStatus> Pods,
    ImmutableSortedDictionary<string, Pod> Declared,
    ImmutableSortedDictionary<string, RouteStatus> Routes);
