using System.Net;

namespace NodeMesh.Proxy.Detection;

/// <summary>
/// What destinations turned out to speak, the last few thousand of them. It only says whether to dial before the client
/// has spoken; the first bytes decide all the same, so that a wrong memory costs a dial or a short wait, never a protocol.
/// </summary>
internal sealed class PortMemory(int capacity = 4096)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPEndPoint, LinkedListNode<(IPEndPoint Destination, Verdict Spoken)>> _known = [];
    private readonly LinkedList<(IPEndPoint Destination, Verdict Spoken)> _byUse = new();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _known.Count;
            }
        }
    }

    /// <summary>Undecided: not known.</summary>
    public Verdict Recall(IPEndPoint destination)
    {
        lock (_gate)
        {
            if (!_known.TryGetValue(destination, out var node))
            {
                return Verdict.Undecided;
            }
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return node.Value.Spoken;
        }
    }

    public void Learn(IPEndPoint destination, Verdict spoken)
    {
        lock (_gate)
        {
            if (_known.TryGetValue(destination, out var node))
            {
                node.Value = (destination, spoken);
                return;
            }
            if (_known.Count >= capacity)
            {
                _known.Remove(_byUse.Last!.Value.Destination);
                _byUse.RemoveLast();
            }
            _known.Add(destination, _byUse.AddFirst((destination, spoken)));
        }
    }
}
