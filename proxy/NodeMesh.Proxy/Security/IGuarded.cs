namespace NodeMesh.Proxy.Security;

/// <summary>A connection under way that policies may come to forbid.</summary>
internal interface IGuarded
{
    /// <summary>Asks again, and ends what is forbidden now. Any thread.</summary>
    void Recheck(ConnectionGuard guard);
}
