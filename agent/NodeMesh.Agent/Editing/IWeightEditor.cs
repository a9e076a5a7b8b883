namespace NodeMesh.Agent.Editing;

/// <summary>Changes the weights of a route where it is written: in a file, or in the API server.</summary>
internal interface IWeightEditor
{
    /// <summary>Works out the change, and makes none.</summary>
    /// <exception cref="EditException">It can't be made.</exception>
    Task<WeightEdit> PrepareAsync(WeightChange change, CancellationToken cancellation);

    /// <summary>Makes it, if <see cref="PrepareAsync"/> still comes to the same.</summary>
    /// <exception cref="EditException">It can't be made, or something was changed meanwhile.</exception>
    Task ApplyAsync(WeightChange change, WeightEdit edit, CancellationToken cancellation);
}
