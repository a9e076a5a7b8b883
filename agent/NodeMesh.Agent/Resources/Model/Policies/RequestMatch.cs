namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>Requests a policy means: all that is given must hold.</summary>
internal sealed record RequestMatch
{
    public HttpPathMatch? Path { get; init; }

    public string? Method { get; init; }

    public IReadOnlyList<HttpValueMatch> Headers { get; init => field = value ?? []; } = [];
}
