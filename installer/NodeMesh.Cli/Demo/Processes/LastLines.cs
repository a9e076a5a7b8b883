namespace NodeMesh.Cli.Demo.Processes;

/// <summary>The last lines a process wrote, for when it fails. Written by two pipes, read by the demo.</summary>
internal sealed class LastLines(int count)
{
    private readonly Queue<string> _lines = new();
    private readonly Lock _lock = new();

    public bool Any
    {
        get
        {
            lock (_lock)
            {
                return _lines.Count > 0;
            }
        }
    }

    public void Add(string line)
    {
        lock (_lock)
        {
            _lines.Enqueue(line);
            if (_lines.Count > count)
            {
                _lines.Dequeue();
            }
        }
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return string.Join(" | ", _lines.Select(line => line.Trim()));
        }
    }
}
