namespace NodeMesh.Agent.Resources.Documents;

/// <summary>The file is not YAML or JSON.</summary>
/// <param name="line">Counted from 1; 0 where it is not known.</param>
internal sealed class DocumentException(int line, string message) : Exception(message)
{
    public int Line => line;
}
