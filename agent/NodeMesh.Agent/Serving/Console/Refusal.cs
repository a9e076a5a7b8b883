namespace NodeMesh.Agent.Serving.Console;

/// <summary>Why a request is not answered.</summary>
/// <param name="Status">Of HTTP.</param>
internal sealed record Refusal(int Status, string Why);
