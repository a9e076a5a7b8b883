using System.Text.Json.Nodes;
using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.TestApiServer.Patching;

/// <summary>The patches that are no server-side apply.</summary>
public static class Patches
{
    /// <summary>RFC 7386. With <paramref name="isStrategic"/>, lists whose items have keys are merged by them.</summary>
    public static void Merge(JsonObject into, JsonObject patch, bool isStrategic)
    {
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    into.Remove(name);
                    break;
                case JsonObject map:
                    if (into[name] is not JsonObject there)
                    {
                        into[name] = there = [];
                    }
                    Merge(there, map, isStrategic);
                    break;
                case JsonArray list when isStrategic && into[name] is JsonArray old && ListKeys.Of(name, list, null) is { Count: > 0 } keys:
                    foreach (var item in list)
                    {
                        if (old.FirstOrDefault(known => ListKeys.KeyOf(known!, keys) == ListKeys.KeyOf(item!, keys)) is JsonObject same)
                        {
                            Merge(same, item!.AsObject(), isStrategic);
                        }
                        else
                        {
                            old.Add(item!.DeepClone());
                        }
                    }
                    break;
                default:
                    into[name] = value.DeepClone();
                    break;
            }
        }
    }

    /// <summary>RFC 6902: add, replace, remove and test.</summary>
    public static void Json(JsonObject target, JsonArray operations)
    {
        foreach (var operation in operations)
        {
            var steps = ((string)operation!["path"]!).Split('/').Skip(1).Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)).ToList();
            JsonNode? at = target;
            foreach (var step in steps.SkipLast(1))
            {
                at = at is JsonArray within ? within[int.Parse(step)] : at?[step];
            }
            Do((string)operation["op"]!, at, steps[^1], operation["value"]);
        }
    }

    private static void Do(string operation, JsonNode? at, string step, JsonNode? value)
    {
        switch (operation, at)
        {
            case ("add" or "replace", JsonObject map) when operation == "add" || map.ContainsKey(step):
                map[step] = value?.DeepClone();
                break;
            case ("remove", JsonObject map) when map.ContainsKey(step):
                map.Remove(step);
                break;
            case ("test", JsonObject map) when JsonNode.DeepEquals(map[step], value):
                break;
            case ("add", JsonArray list):
                list.Insert(step == "-" ? list.Count : int.Parse(step), value?.DeepClone());
                break;
            case ("replace", JsonArray list):
                list[int.Parse(step)] = value?.DeepClone();
                break;
            case ("remove", JsonArray list):
                list.RemoveAt(int.Parse(step));
                break;
            default:
                throw new ApiRefusalException(422, "Invalid", $"the server rejected our request: {operation} at {step} does not apply");
        }
    }
}
