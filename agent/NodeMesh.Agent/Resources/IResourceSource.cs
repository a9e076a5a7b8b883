namespace NodeMesh.Agent.Resources;

/// <summary>Where the declared objects come from.</summary>
internal interface IResourceSource
{
    /// <summary>
    /// The resources now, and again after each change, newest only: changes that come while the reader is busy are seen as one.
    /// Never throws for bad input; that is in <see cref="ResourceSet.Problems"/>.
    /// </summary>
    IAsyncEnumerable<ResourceSet> WatchAsync(CancellationToken cancellation);
}
