using System.Collections.Immutable;
using NodeMesh.Agent.Resources.Documents;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources;

/// <summary>What one file declares.</summary>
internal sealed record ResourceFile(string Path)
{
    public ImmutableArray<DeclaredObject> Objects { get; init; } = [];

    public ImmutableArray<ResourceProblem> Problems { get; init; } = [];

    /// <summary>Objects of kinds the mesh has no use for.</summary>
    public int Skipped { get; init; }

    /// <summary>The objects as last read well stay in force: a file that is broken for the moment takes nothing away.</summary>
    public ResourceFile Broken(ResourceProblem problem) => this with { Problems = [problem] };
}

/// <param name="Fingerprint">Of the content: equal content, same instance.</param>
internal sealed record DeclaredObject(ResourceKind Kind, IResource Resource, UInt128 Fingerprint, SourceLocation At);
