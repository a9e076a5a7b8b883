using System.Text.Json;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Validation;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>The objects of one kind as the API server last gave them, those that are not valid as problems. Written by one thread, read by others.</summary>
internal sealed class ObjectCopy(WatchedKind watched)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IResource> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<ResourceProblem>> _problems = new(StringComparer.Ordinal);
    private HashSet<string> _touched = new(StringComparer.Ordinal);
    private ResourceProblem? _trouble;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _objects.Count;
            }
        }
    }

    /// <summary>It may be out of date, or never have been read.</summary>
    public bool IsLost
    {
        get
        {
            lock (_lock)
            {
                return _trouble is not null;
            }
        }
    }

    public IResource? Find(string id)
    {
        lock (_lock)
        {
            return _objects.GetValueOrDefault(id);
        }
    }

    /// <summary>The ids of what has changed since it was last asked.</summary>
    public IReadOnlyCollection<string> TakeTouched()
    {
        lock (_lock)
        {
            var touched = _touched;
            if (touched.Count > 0)
            {
                _touched = new HashSet<string>(StringComparer.Ordinal);
            }
            return touched;
        }
    }

    public IReadOnlyList<ResourceProblem> Problems()
    {
        lock (_lock)
        {
            return [.. _problems.Values.SelectMany(all => all), .. _trouble is { } trouble ? [trouble] : Array.Empty<ResourceProblem>()];
        }
    }

    public ObjectIdentity Put(ReadOnlySpan<byte> json)
    {
        var identity = ObjectIdentity.Read(json);
        var (resource, problems) = Read(json, identity);
        lock (_lock)
        {
            if (problems.Count > 0)
            {
                _problems[identity.Id] = problems;
            }
            else
            {
                _problems.Remove(identity.Id);
            }
            if (resource is null)
            {
                _objects.Remove(identity.Id);
            }
            else if (_objects.TryGetValue(identity.Id, out var held) && watched.Kind.Write(held).AsSpan().SequenceEqual(watched.Kind.Write(resource)))
            {
                return identity; // changed in what the mesh does not read
            }
            else
            {
                _objects[identity.Id] = resource;
            }
            _touched.Add(identity.Id);
        }
        return identity;
    }

    public void Remove(string id)
    {
        lock (_lock)
        {
            Forget(id);
        }
    }

    public void RemoveAllBut(HashSet<string> ids)
    {
        lock (_lock)
        {
            foreach (var gone in _objects.Keys.Concat(_problems.Keys).Where(id => !ids.Contains(id)).ToList())
            {
                Forget(gone);
            }
        }
    }

    /// <summary>The kind does not exist: nor does any trouble with it.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            foreach (var id in _objects.Keys.ToList())
            {
                Forget(id);
            }
            _problems.Clear();
            _trouble = null;
        }
    }

    /// <summary>The copy may be out of date, for this reason.</summary>
    public void Lost(ResourceProblem trouble)
    {
        lock (_lock)
        {
            _trouble = trouble;
        }
    }

    /// <returns>Whether it had been lost.</returns>
    public bool Restored()
    {
        lock (_lock)
        {
            var wasLost = _trouble is not null;
            _trouble = null;
            return wasLost;
        }
    }

    private void Forget(string id)
    {
        _objects.Remove(id);
        _problems.Remove(id);
        _touched.Add(id);
    }

    private (IResource? Resource, IReadOnlyList<ResourceProblem> Problems) Read(ReadOnlySpan<byte> json, ObjectIdentity identity)
    {
        try
        {
            var resource = watched.Keep(watched.Kind.Read(json));
            var errors = ResourceRules.Check(resource).All;
            return errors.Count == 0
                ? (resource, [])
                : (StandIn(identity, $"{errors[0].Field} {errors[0].Message}"),
                    [.. errors.Select(e => new ResourceProblem(watched.Kind.Name, identity.Id, "Invalid", $"{e.Field} {e.Message}"))]);
        }
        catch (JsonException e)
        {
            var message = $"{e.Path?.TrimStart('$', '.')} can not be read: {e.Message}";
            return (StandIn(identity, message), [new ResourceProblem(watched.Kind.Name, identity.Id, "Invalid", message)]);
        }
    }

    private IResource? StandIn(in ObjectIdentity identity, string why) =>
        watched.Kind.Unreadable?.Invoke(new ObjectMeta { Namespace = identity.Namespace, Name = identity.Name }, why);
}
