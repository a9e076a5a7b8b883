using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NodeMesh.TestApiServer.Faults;
using NodeMesh.TestApiServer.Selecting;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>get and list.</summary>
internal sealed class Reads(ObjectStore store)
{
    // Pages are of the state at the time of the first; kept until a compaction.
    private readonly System.Collections.Concurrent.ConcurrentDictionary<((string Group, string Plural) Type, long Version), StaleState> _paged = new();

    public void Compact() => _paged.Clear();

    public async Task GetAsync(HttpContext context, ApiRequest request, ResourceType type)
    {
        var found = store.Get(type, request.Namespace, request.Name) ?? throw ApiRefusalException.NotFound(type.Plural, request.Name);
        await ApiServer.WriteAsync(context, 200, Forms.Of(context.Request, found.Json));
    }

    public async Task ListAsync(HttpContext context, ApiRequest request, ResourceType type, Fault? fault)
    {
        var (version, after, state) = Start(request, type, fault?.Stale);
        var selector = new Selector(type, request.Namespace, request.Parameter("labelSelector"), request.Parameter("fieldSelector"));
        var limit = int.TryParse(request.Parameter("limit"), out var given) && given > 0 ? given : int.MaxValue;
        var page = new List<StoredObject>();
        var more = "";
        foreach (var (key, item) in state.Objects.SkipWhile(pair => after.Length > 0 && string.CompareOrdinal(pair.Key, after) <= 0))
        {
            if (!selector.Matches(item))
            {
                continue;
            }
            if (page.Count == limit)
            {
                more = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{version} {page[^1].Key}"));
                _paged[(type.Key, version)] = state;
                break;
            }
            page.Add(item);
        }
        context.Response.ContentType = "application/json";
        var isPartial = Forms.IsPartial(context.Request);
        var (apiVersion, kind) = isPartial ? ("meta.k8s.io/v1", "PartialObjectMetadataList") : (type.ApiVersion, $"{type.Kind}List");
        await context.Response.WriteAsync(
            $$"""{"kind":"{{kind}}","apiVersion":"{{apiVersion}}","metadata":{"resourceVersion":"{{version}}"{{(more.Length > 0 ? $",\"continue\":\"{more}\"" : "")}}},"items":[""");
        for (var i = 0; i < page.Count; i++)
        {
            if (i == fault?.CutAfter)
            {
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            }
            if (i > 0)
            {
                await context.Response.WriteAsync(",");
            }
            await context.Response.Body.WriteAsync(Forms.Of(context.Request, page[i].Json));
        }
        await context.Response.WriteAsync("]}\n");
    }

    private (long Version, string After, StaleState State) Start(ApiRequest request, ResourceType type, StaleState? stale)
    {
        if (request.Parameter("continue") is { Length: > 0 } token)
        {
            var parts = Encoding.UTF8.GetString(Convert.FromBase64String(token)).Split(' ', 2);
            return _paged.TryGetValue((type.Key, long.Parse(parts[0])), out var kept)
                ? (kept.Version, parts[1], kept)
                : throw ApiRefusalException.Expired("The provided continue parameter is too old to display a consistent list result.");
        }
        if (stale is not null)
        {
            return (stale.Version, "", stale);
        }
        var (version, objects) = store.List(type);
        if (long.TryParse(request.Parameter("resourceVersion"), out var wanted) && wanted > version)
        {
            throw new ApiRefusalException(504, "Timeout", $"Too large resource version: {wanted}, current: {version}", retryAfter: 1);
        }
        return (version, "", new StaleState(version, objects));
    }
}

/// <summary>The forms in which an object can be asked for.</summary>
internal static class Forms
{
    public static bool IsPartial(HttpRequest request) => request.Headers.Accept.ToString().Contains("as=PartialObjectMetadata", StringComparison.Ordinal);

    public static ReadOnlyMemory<byte> Of(HttpRequest request, byte[] json)
    {
        if (!IsPartial(request))
        {
            return json;
        }
        using var document = JsonDocument.Parse(json);
        return Encoding.UTF8.GetBytes(
            $$"""{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{{document.RootElement.GetProperty("metadata").GetRawText()}}}""");
    }
}
