using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace NodeMesh.TestApiServer.Storage;

/// <summary>What etcd is to the API server. One version counts for everything, as there.</summary>
public sealed class ObjectStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Group, string Plural), TypeStore> _stores = [];
    private readonly Dictionary<(string Group, string Version, string Plural), ResourceType> _types = [];
    private long _version = 1000;

    public ObjectStore()
    {
        foreach (var type in ResourceType.BuiltIn)
        {
            Serve(type);
        }
        foreach (var name in new[] { "default", "kube-system", "kube-public", "kube-node-lease" })
        {
            Put(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Namespace",
                ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["kubernetes.io/metadata.name"] = name } },
                ["status"] = new JsonObject { ["phase"] = "Active" },
            });
        }
    }

    public long Version
    {
        get
        {
            lock (_lock)
            {
                return _version;
            }
        }
    }

    public IReadOnlyList<ResourceType> Types
    {
        get
        {
            lock (_lock)
            {
                return [.. _types.Values];
            }
        }
    }

    public void Serve(ResourceType type)
    {
        lock (_lock)
        {
            _types[(type.Group, type.Version, type.Plural)] = type;
            _stores.TryAdd(type.Key, new TypeStore());
        }
    }

    public void StopServing(string group, string plural)
    {
        lock (_lock)
        {
            foreach (var key in _types.Keys.Where(key => key.Group == group && key.Plural == plural).ToList())
            {
                _types.Remove(key);
            }
            if (_stores.Remove((group, plural), out var store))
            {
                store.Wake();
            }
        }
    }

    public ResourceType? Find(string group, string version, string plural)
    {
        lock (_lock)
        {
            return _types.GetValueOrDefault((group, version, plural));
        }
    }

    public ResourceType TypeOf(JsonObject json)
    {
        var (apiVersion, kind) = ((string)json["apiVersion"]!, (string)json["kind"]!);
        lock (_lock)
        {
            return _types.Values.FirstOrDefault(type => type.ApiVersion == apiVersion && type.Kind == kind)
                ?? throw new ArgumentException($"no {kind} of {apiVersion} is served");
        }
    }

    public bool IsServed(ResourceType type)
    {
        lock (_lock)
        {
            return _stores.ContainsKey(type.Key);
        }
    }

    public StoredObject? Get(ResourceType type, string ns, string name)
    {
        lock (_lock)
        {
            return _stores.GetValueOrDefault(type.Key)?.Objects.GetValueOrDefault(StoredObject.KeyOf(ns, name));
        }
    }

    public (long Version, ImmutableSortedDictionary<string, StoredObject> Objects) List(ResourceType type)
    {
        lock (_lock)
        {
            return (_version, _stores[type.Key].Objects);
        }
    }

    /// <summary>What has happened since a version, up to which version that is everything, and the task of the next change; null: too long ago.</summary>
    public (IReadOnlyList<StoredEvent> Events, long Version, Task Next)? Since(ResourceType type, long version)
    {
        lock (_lock)
        {
            return !_stores.TryGetValue(type.Key, out var store) || version < store.Compacted ? null : (store.Since(version), _version, store.Changed);
        }
    }

    /// <summary>Changes one object as a transaction.</summary>
    /// <param name="change">Gets what is there (null: nothing), returns what shall be (null: nothing); the same instance: no change.</param>
    public StoredObject? Change(ResourceType type, string ns, string name, Func<StoredObject?, JsonObject?> change)
    {
        lock (_lock)
        {
            var store = _stores[type.Key];
            var before = store.Objects.GetValueOrDefault(StoredObject.KeyOf(ns, name));
            var wanted = change(before);
            if (wanted is null)
            {
                if (before is not null)
                {
                    var last = StoredObject.Of(type, before.Open(), ++_version);
                    store.Add(new StoredEvent(_version, before, null, last));
                    return last;
                }
                return null;
            }
            if (before is not null && JsonNode.DeepEquals(before.Open(), wanted))
            {
                return before; // as in Kubernetes: a write that changes nothing is none
            }
            var after = StoredObject.Of(type, wanted, ++_version);
            store.Add(new StoredEvent(_version, before, after, null));
            return after;
        }
    }

    /// <summary>Puts an object as it is, status too, as the components of a cluster would have made it in several steps.</summary>
    public StoredObject Put(JsonObject json)
    {
        var type = TypeOf(json);
        var metadata = json["metadata"]!.AsObject();
        var ns = type.IsNamespaced ? (string?)metadata["namespace"] ?? "default" : "";
        return Change(type, ns, (string)metadata["name"]!, before =>
        {
            var wanted = json.DeepClone().AsObject();
            ObjectMetadata.Complete(wanted, type, ns, before?.Open());
            return wanted;
        })!;
    }

    public StoredObject Put(string json) => Put(JsonNode.Parse(json)!.AsObject());

    public void Delete(string kind, string ns, string name)
    {
        var type = Types.First(type => type.Kind == kind);
        Change(type, ns, name, _ => null);
    }

    /// <summary>Forgets every state but the present one: older watches and pages get 410.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            foreach (var store in _stores.Values)
            {
                store.Compact(_version);
            }
        }
    }

    /// <summary>Uses up versions, as changes of other types do.</summary>
    public void Advance(int by)
    {
        lock (_lock)
        {
            _version += by;
        }
    }

    public void WakeWatches()
    {
        lock (_lock)
        {
            foreach (var store in _stores.Values)
            {
                store.Wake();
            }
        }
    }
}
