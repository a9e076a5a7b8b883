namespace NodeMesh.Agent.Editing;

/// <summary>What somebody wants the backends of one rule of an HTTPRoute to get.</summary>
/// <param name="Rule">Its name, or its index where it has none, as nodemesh.proto has it.</param>
/// <param name="Weights">Of all backends, in their order.</param>
internal sealed record WeightChange(string Namespace, string Name, string Rule, IReadOnlyList<int> Weights)
{
    /// <summary>The most that the Gateway API allows.</summary>
    public const int Most = 1_000_000;

    public string Route => $"{Namespace}/{Name}";
}
