using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using NodeMesh.TestApiServer.Patching;
using NodeMesh.TestApiServer.Selecting;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>create, update, patch, delete and deletecollection.</summary>
internal sealed class Writes(ObjectStore store, CustomResources customs)
{
    public async Task CreateAsync(HttpContext context, ApiRequest request, ResourceType type)
    {
        var json = (await BodyAsync(context)).AsObject();
        var metadata = json["metadata"] as JsonObject ?? throw new ApiRefusalException(422, "Invalid", "metadata: Required value");
        if (metadata["name"] is null && (string?)metadata["generateName"] is { } prefix)
        {
            metadata["name"] = prefix + Guid.NewGuid().ToString("N")[..5];
        }
        var name = (string?)metadata["name"] ?? throw new ApiRefusalException(422, "Invalid", "metadata.name: Required value: name or generateName is required");
        var created = Write(request, type, name, before => before is null ? json : throw new ApiRefusalException(409, "AlreadyExists", $"{type.Plural} \"{name}\" already exists"));
        await ApiServer.WriteAsync(context, 201, created!.Json);
    }

    public async Task UpdateAsync(HttpContext context, ApiRequest request, ResourceType type)
    {
        var json = (await BodyAsync(context)).AsObject();
        var updated = Write(request, type, request.Name, before =>
        {
            if (before is null)
            {
                throw ApiRefusalException.NotFound(type.Plural, request.Name);
            }
            CheckVersion(before, json, type);
            return json;
        });
        await ApiServer.WriteAsync(context, 200, updated!.Json);
    }

    public async Task PatchAsync(HttpContext context, ApiRequest request, ResourceType type)
    {
        var body = await BodyAsync(context);
        var form = context.Request.ContentType?.Split(';')[0] ?? "";
        var isNew = store.Get(type, request.Namespace, request.Name) is null;
        if (form == "application/apply-patch+yaml" && request.Parameter("fieldManager").Length == 0)
        {
            throw new ApiRefusalException(400, "BadRequest", "fieldManager: Required value: is required for apply patch");
        }
        var patched = Write(request, type, request.Name, before =>
        {
            if (form == "application/apply-patch+yaml")
            {
                var applied = body.AsObject();
                if ((string?)applied["apiVersion"] != type.ApiVersion || (string?)applied["kind"] != type.Kind)
                {
                    throw new ApiRefusalException(400, "BadRequest", $"the body must be a {type.Kind} of {type.ApiVersion}");
                }
                if (before is null && request.Subresource.Length > 0)
                {
                    throw ApiRefusalException.NotFound(type.Plural, request.Name);
                }
                var live = before?.Open() ?? new JsonObject { ["metadata"] = new JsonObject { ["name"] = request.Name } };
                if (before is not null)
                {
                    CheckVersion(before, applied, type);
                }
                return FieldManagers.Apply(live, Limited(applied, request, type), type, request.Parameter("fieldManager"), request.Subresource, request.Flag("force"));
            }
            var target = before?.Open() ?? throw ApiRefusalException.NotFound(type.Plural, request.Name);
            if (form == "application/json-patch+json")
            {
                Patches.Json(target, body.AsArray());
            }
            else if (form is "application/merge-patch+json" or "application/strategic-merge-patch+json")
            {
                CheckVersion(before, body.AsObject(), type);
                Patches.Merge(target, body.AsObject(), form.Contains("strategic", StringComparison.Ordinal));
            }
            else
            {
                throw new ApiRefusalException(415, "UnsupportedMediaType", $"the body of the request was in an unknown format: {form}");
            }
            return target;
        }, form == "application/apply-patch+yaml");
        await ApiServer.WriteAsync(context, isNew ? 201 : 200, patched!.Json);
    }

    public async Task DeleteAsync(HttpContext context, ApiRequest request, ResourceType type)
    {
        var options = context.Request.ContentLength > 0 ? (await BodyAsync(context)).AsObject() : [];
        var found = Remove(type, request.Namespace, request.Name, options) ?? throw ApiRefusalException.NotFound(type.Plural, request.Name);
        await ApiServer.WriteAsync(context, 200, found.Json);
    }

    public async Task DeleteAllAsync(HttpContext context, ApiRequest request, ResourceType type)
    {
        var selector = new Selector(type, request.Namespace, request.Parameter("labelSelector"), request.Parameter("fieldSelector"));
        foreach (var item in store.List(type).Objects.Values.Where(selector.Matches))
        {
            Remove(type, item.Namespace, item.Name, []);
        }
        await ApiServer.WriteAsync(context, 200, System.Text.Encoding.UTF8.GetBytes("""{"kind":"Status","apiVersion":"v1","status":"Success"}"""));
    }

    private StoredObject? Write(ApiRequest request, ResourceType type, string name, Func<StoredObject?, JsonObject> change, bool isApply = false)
    {
        var ns = type.IsNamespaced ? request.Namespace : "";
        if (ns.Length > 0 && store.Get(store.Find("", "v1", "namespaces")!, "", ns) is null)
        {
            throw ApiRefusalException.NotFound("namespaces", ns);
        }
        var isDry = request.Parameter("dryRun") == "All";
        StoredObject? dry = null;
        var stored = store.Change(type, ns, name, before =>
        {
            var old = before?.Open();
            var wanted = isApply ? change(before) : Limited(change(before), request, type, old);
            var manager = request.Parameter("fieldManager") is { Length: > 0 } given ? given : "unknown";
            if (!isApply)
            {
                FieldManagers.Note(old, wanted, type, manager, request.Subresource);
            }
            if (type.Schema is { } schema && schema.Check(wanted, type.Kind).ToList() is { Count: > 0 } problems)
            {
                throw new ApiRefusalException(422, "Invalid", $"{type.Kind}.{type.Group} \"{name}\" is invalid: {string.Join(", ", problems)}");
            }
            ObjectMetadata.Complete(wanted, type, ns, old);
            if (isDry)
            {
                dry = StoredObject.Of(type, wanted.DeepClone().AsObject(), before?.Version ?? 0);
                return old;
            }
            return Finalized(wanted) ? null : wanted;
        });
        if (type.Kind == "CustomResourceDefinition" && stored is not null && !isDry)
        {
            customs.Define(stored.Open());
        }
        return dry ?? stored;
    }

    // The status is written through its subresource alone, and nothing else is written through that.
    private static JsonObject Limited(JsonObject wanted, ApiRequest request, ResourceType type, JsonObject? before = null)
    {
        if (!type.HasStatus)
        {
            return request.Subresource.Length == 0 ? wanted : throw new ApiRefusalException(404, "NotFound", "the server could not find the requested resource");
        }
        var limited = (request.Subresource == "status" ? before ?? wanted : wanted).DeepClone().AsObject();
        if (request.Subresource != "status")
        {
            limited.Remove("status");
            if (before?["status"] is { } kept)
            {
                limited["status"] = kept.DeepClone();
            }
            return limited;
        }
        limited.Remove("status");
        if (before is null)
        {
            limited.Remove("spec");
        }
        if (wanted["status"] is { } status)
        {
            limited["status"] = status.DeepClone();
        }
        return limited;
    }

    private StoredObject? Remove(ResourceType type, string ns, string name, JsonObject options)
    {
        var removed = store.Change(type, type.IsNamespaced ? ns : "", name, before =>
        {
            if (before is null)
            {
                return null;
            }
            var wanted = options["preconditions"];
            if (((string?)wanted?["uid"] is { } uid && uid != before.Uid) || ((string?)wanted?["resourceVersion"] is { } version && version != before.Version.ToString()))
            {
                throw ApiRefusalException.Conflict(type.Plural, name);
            }
            var json = before.Open();
            if (json["metadata"]!["finalizers"] is JsonArray { Count: > 0 })
            {
                json["metadata"]!["deletionTimestamp"] ??= DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ");
                return json;
            }
            return null;
        });
        if (removed is not null && type.Kind == "CustomResourceDefinition")
        {
            customs.Remove(removed.Open());
        }
        if (removed is not null && type.Kind == "Namespace")
        {
            foreach (var inside in store.Types.Where(inside => inside.IsNamespaced).DistinctBy(inside => inside.Key))
            {
                foreach (var item in store.List(inside).Objects.Values.Where(item => item.Namespace == name))
                {
                    Remove(inside, item.Namespace, item.Name, []);
                }
            }
        }
        return removed;
    }

    private static bool Finalized(JsonObject json) =>
        json["metadata"]!["deletionTimestamp"] is not null && json["metadata"]!["finalizers"] is not JsonArray { Count: > 0 };

    private static void CheckVersion(StoredObject before, JsonObject wanted, ResourceType type)
    {
        if ((string?)wanted["metadata"]?["resourceVersion"] is { Length: > 0 } version && version != before.Version.ToString())
        {
            throw ApiRefusalException.Conflict(type.Plural, before.Name);
        }
        if ((string?)wanted["metadata"]?["uid"] is { Length: > 0 } uid && uid != before.Uid)
        {
            throw ApiRefusalException.Conflict(type.Plural, before.Name);
        }
    }

    private static async Task<JsonNode> BodyAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        return Bodies.Parse(await reader.ReadToEndAsync());
    }
}
