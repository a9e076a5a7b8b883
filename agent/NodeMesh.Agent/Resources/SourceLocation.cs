namespace NodeMesh.Agent.Resources;

/// <summary>Where in a file a problem stands.</summary>
/// <param name="Document">Counted from 1; 0 where the file as a whole is meant.</param>
/// <param name="Line">Counted from 1; 0 where it is not known.</param>
/// <param name="Field">As in spec.ports[0].port; empty where the object as a whole is meant.</param>
internal sealed record SourceLocation(string File, int Document = 0, int Line = 0, string Field = "")
{
    public override string ToString() => (Document, Line) switch
    {
        (0, 0) => File,
        (_, 0) => $"{File} (document {Document})",
        (0, _) => $"{File}:{Line}",
        _ => $"{File}:{Line} (document {Document})",
    };
}
