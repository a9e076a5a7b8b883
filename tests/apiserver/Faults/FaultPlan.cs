using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.TestApiServer.Faults;

/// <summary>The faults in force.</summary>
public sealed class FaultPlan
{
    private readonly Lock _lock = new();
    private readonly List<(Fault Fault, int Left)> _faults = [];

    public void Add(Fault fault)
    {
        lock (_lock)
        {
            _faults.Add((fault, fault.Times));
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _faults.Clear();
        }
    }

    /// <summary>Uses up one time of the first fault that fits.</summary>
    public Fault? Take(ApiRequest request)
    {
        lock (_lock)
        {
            var at = _faults.FindIndex(entry => entry.Left > 0 && entry.Fault.When(request));
            if (at < 0)
            {
                return null;
            }
            var (fault, left) = _faults[at];
            _faults[at] = (fault, left - 1);
            return fault;
        }
    }
}
