namespace NodeMesh.Proxy.Routing;

/// <summary>The header fields of a request, of any engine.</summary>
internal interface IRequestFields
{
    /// <summary>The value; several joined by commas; null when there is none.</summary>
    string? Find(string name);
}
