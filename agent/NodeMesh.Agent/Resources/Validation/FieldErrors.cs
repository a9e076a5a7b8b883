namespace NodeMesh.Agent.Resources.Validation;

/// <summary>What is wrong with an object, by field.</summary>
internal sealed class FieldErrors
{
    private readonly List<(string Field, string Message)> _errors = [];

    public IReadOnlyList<(string Field, string Message)> All => _errors;

    public void Add(string field, string message) => _errors.Add((field, message));
}
