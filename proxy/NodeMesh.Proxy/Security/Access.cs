namespace NodeMesh.Proxy.Security;

internal enum Access
{
    Allowed,
    Denied,

    /// <summary>Not decided by what is known of the connection alone.</summary>
    DependsOnRequest,
}
