using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Inspect;

/// <summary>What the mesh says of an object at one of the things it is attached to, among what others say.</summary>
internal sealed class Conditions
{
    private const string Controller = "nodemesh.io/controller";

    // Bad news when true.
    private const string PartiallyInvalid = "PartiallyInvalid";

    // What tells one reference from another.
    private static readonly string[] Fields = ["kind", "namespace", "name", "sectionName", "port"];

    private readonly Dictionary<string, JsonNode> _byType;

    private Conditions(IEnumerable<JsonNode> conditions, bool isCurrent)
    {
        _byType = conditions.GroupBy(condition => condition["type"]?.ToString() ?? "").ToDictionary(group => group.Key, group => group.First());
        IsCurrent = isCurrent;
    }

    /// <summary>Whether they are of the object as it is now.</summary>
    public bool IsCurrent { get; }

    public string this[string type] => _byType.GetValueOrDefault(type)?["status"]?.ToString() ?? "Unknown";

    /// <summary>What is wrong, as reasons and messages; empty when nothing is.</summary>
    public string Trouble => _byType.Count == 0
        ? "no status yet: no agent has said anything of it"
        : string.Join("; ", _byType.Values.Where(c => (c["status"]?.ToString() == "True") == (c["type"]?.ToString() == PartiallyInvalid)).Select(c => $"{c["reason"]}: {c["message"]}")
            .Concat(IsCurrent ? [] : ["it has changed since this was said"]));

    /// <param name="list">status.parents or status.ancestors.</param>
    /// <param name="reference">The field of an entry that says what it is about.</param>
    /// <param name="wanted">As spec refers to it.</param>
    public static Conditions Of(JsonNode owner, string list, string reference, JsonNode wanted)
    {
        var entry = (owner["status"]?[list] as JsonArray ?? []).FirstOrDefault(e =>
            e?["controllerName"]?.ToString() == Controller
            && Fields.All(field => Same(e[reference]?[field], wanted[field], field)));
        var conditions = (entry?["conditions"] as JsonArray ?? []).OfType<JsonNode>().ToList();
        var generation = owner["metadata"]?["generation"]?.GetValue<long>() ?? 0;
        return new Conditions(conditions, conditions.All(condition => (condition["observedGeneration"]?.GetValue<long>() ?? generation) >= generation));
    }

    private static bool Same(JsonNode? said, JsonNode? wanted, string field) => said?.ToString() == wanted?.ToString() || (field == "namespace" && (said is null || wanted is null));
}
