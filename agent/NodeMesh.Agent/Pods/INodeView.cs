using System.Collections.Immutable;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Resources;

namespace NodeMesh.Agent.Pods;

/// <summary>What the node's agent knows now. The control loop's alone.</summary>
internal interface INodeView
{
    /// <summary>Null until they were read.</summary>
    ResourceSet? Resources { get; }

    ImmutableSortedDictionary<string, LocalPod> LocalPods { get; }

    /// <summary>By id.</summary>
    ImmutableSortedDictionary<string, CompiledRollout> Rollouts { get; }

    /// <summary>Nothing is to be changed any more.</summary>
    bool IsStopping { get; }

    /// <summary>Compiles and reconciles, since something beside the resources has changed.</summary>
    void Apply();
}
