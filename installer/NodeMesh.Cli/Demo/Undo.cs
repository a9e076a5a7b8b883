namespace NodeMesh.Cli.Demo;

/// <summary>
/// How to take back what has been made, last first. Each entry is pushed before its thing is made, so that an interrupt in
/// between loses nothing: an action must bear it that its thing is not there.
/// </summary>
internal sealed class Undo
{
    private readonly Stack<(string What, Func<Task> Action)> _actions = new();

    public void Push(string what, Func<Task> action) => _actions.Push((what, action));

    /// <summary>Runs every action, whatever the others do. Returns what could not be taken back, and why.</summary>
    public async Task<IReadOnlyList<string>> RunAsync()
    {
        var failures = new List<string>();
        while (_actions.TryPop(out var entry))
        {
            try
            {
                await entry.Action();
            }
            catch (Exception failure)
            {
                failures.Add($"{entry.What}: {failure.Message}");
            }
        }
        return failures;
    }
}
