namespace NodeMesh.Agent.Reporting;

/// <summary>Takes what a node has to say where operators look for it.</summary>
internal interface INodeReports
{
    /// <summary>The newest counts. Returns at once.</summary>
    void Publish(NodeReport report);

    /// <summary>Works until stopped; what the last report says of pods is written before it ends, when that can be done soon.</summary>
    Task RunAsync(CancellationToken stop);
}
