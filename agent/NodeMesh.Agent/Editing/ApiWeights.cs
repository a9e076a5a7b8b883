using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using NodeMesh.Agent.Resources.Kubernetes;

namespace NodeMesh.Agent.Editing;

/// <summary>
/// Changes weights in the API server, by a patch that holds for the spec that was shown alone. Not for its resourceVersion: that changes with every condition that a
/// controller, this mesh among them, writes into the status.
/// </summary>
internal sealed class ApiWeights(KubernetesApi api) : IWeightEditor
{
    private const string Patch = "application/json-patch+json";

    // As kubectl's edits have one: it shows in the object's managedFields who changed it.
    private const string Manager = "nodemesh-console";

    public async Task<WeightEdit> PrepareAsync(WeightChange change, CancellationToken cancellation)
    {
        var route = await GuardAsync(change, async () => JsonNode.Parse(await api.SendAsync(HttpMethod.Get, PathOf(change), cancellation).ConfigureAwait(false))!.AsObject()).ConfigureAwait(false);
        var rule = RuleOf(route, change);
        var (spec, before) = (route["spec"]!.ToJsonString(), YamlOf(route));
        foreach (var (index, weight) in change.Weights.Index())
        {
            route["spec"]!["rules"]![rule]!["backendRefs"]![index]!["weight"] = weight;
        }
        // The API server's own checks, before anybody is shown what it would refuse.
        await SendAsync(change, rule, spec, "&dryRun=All", cancellation).ConfigureAwait(false);
        return new WeightEdit($"HTTPRoute {change.Route}", $"{rule} {spec}", before, YamlOf(route));
    }

    public async Task ApplyAsync(WeightChange change, WeightEdit edit, CancellationToken cancellation)
    {
        var state = edit.State.Split(' ', 2);
        try
        {
            await SendAsync(change, int.Parse(state[0], CultureInfo.InvariantCulture), state[1], "", cancellation).ConfigureAwait(false);
        }
        catch (EditException e) when (e.InnerException is ApiException { Status: HttpStatusCode.UnprocessableEntity })
        {
            // A moment ago the same patch passed as a dry run: the test of the spec has failed.
            throw new EditException(EditFailure.Changed, $"HTTPRoute {change.Route} has been changed meanwhile: look at the change anew", e);
        }
    }

    private Task<byte[]> SendAsync(WeightChange change, int rule, string spec, string parameters, CancellationToken cancellation)
    {
        var operations = new JsonArray(new JsonObject { ["op"] = "test", ["path"] = "/spec", ["value"] = JsonNode.Parse(spec) });
        foreach (var (index, weight) in change.Weights.Index())
        {
            operations.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = $"/spec/rules/{rule}/backendRefs/{index}/weight", ["value"] = weight });
        }
        return GuardAsync(change, () => api.SendAsync(
            HttpMethod.Patch, $"{PathOf(change)}?fieldManager={Manager}{parameters}", cancellation, Encoding.UTF8.GetBytes(operations.ToJsonString()), Patch));
    }

    private static int RuleOf(JsonObject route, WeightChange change)
    {
        var rules = route["spec"]?["rules"] as JsonArray ?? [];
        var rule = rules.Index().Where(one => ((string?)one.Item?["name"] ?? one.Index.ToString(CultureInfo.InvariantCulture)) == change.Rule).Select(one => (int?)one.Index).FirstOrDefault()
            ?? throw new EditException(EditFailure.NotFound, $"HTTPRoute {change.Route} has no rule {change.Rule}");
        var backends = (rules[rule]?["backendRefs"] as JsonArray)?.Count ?? 0;
        return backends == change.Weights.Count
            ? rule
            : throw new EditException(EditFailure.Refused, $"HTTPRoute {change.Route}: its rule {change.Rule} has {backends} backends, and {change.Weights.Count} weights were given");
    }

    // What a person would write; the rest is the API server's.
    private static string YamlOf(JsonObject route) => JsonYaml.Write(new JsonObject
    {
        ["apiVersion"] = route["apiVersion"]?.DeepClone(),
        ["kind"] = route["kind"]?.DeepClone(),
        ["metadata"] = new JsonObject { ["name"] = route["metadata"]?["name"]?.DeepClone(), ["namespace"] = route["metadata"]?["namespace"]?.DeepClone() },
        ["spec"] = route["spec"]?.DeepClone(),
    });

    private static string PathOf(WeightChange change) =>
        ApiPaths.Of("gateway.networking.k8s.io/v1", "httproutes", Uri.EscapeDataString(change.Namespace), Uri.EscapeDataString(change.Name));

    private static async Task<T> GuardAsync<T>(WeightChange change, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            throw new EditException(EditFailure.NotFound, $"there is no HTTPRoute {change.Route}", e);
        }
        catch (ApiException e) when (e.IsConflict)
        {
            throw new EditException(EditFailure.Changed, $"HTTPRoute {change.Route} has been changed meanwhile: look at the change anew", e);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            throw new EditException(EditFailure.Unwritable, $"the agent may not change HTTPRoutes: install the mesh with the value console.edit ({e.Message})", e);
        }
        catch (ApiException e)
        {
            throw new EditException(EditFailure.Unwritable, e.Message, e);
        }
    }
}
