namespace NodeMesh.Agent.Resources;

/// <summary>Why a resource, or a part of it, is not in force. Everything else is.</summary>
/// <param name="Kind">The object's kind; "File" or "Directory" where no object could be made out.</param>
/// <param name="Id">namespace/name, or the path.</param>
/// <param name="Reason">One CamelCase word for metrics and conditions.</param>
/// <param name="Message">One sentence that names the culprit.</param>
internal sealed record ResourceProblem(string Kind, string Id, string Reason, string Message) : IComparable<ResourceProblem>
{
    /// <summary>null for problems found between objects rather than in a file.</summary>
    public SourceLocation? At { get; init; }

    public int CompareTo(ResourceProblem? other)
    {
        if (other is null)
        {
            return 1;
        }
        var order = string.CompareOrdinal(Kind, other.Kind);
        order = order != 0 ? order : string.CompareOrdinal(Id, other.Id);
        order = order != 0 ? order : string.CompareOrdinal(Reason, other.Reason);
        order = order != 0 ? order : string.CompareOrdinal(Message, other.Message);
        return order != 0 ? order : string.CompareOrdinal(At?.ToString(), other.At?.ToString());
    }

    public override string ToString() => At is null ? $"{Kind} {Id}: {Message}" : $"{At}: {Kind} {Id}: {Message}";
}
