using System.Globalization;
using System.Text.Json.Nodes;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Reporting;

/// <summary>The status of routes and policies as the Gateway API has it: for each thing they are attached to, who says what.</summary>
internal static class StatusJson
{
    /// <summary>Who we are among the controllers that write into one list.</summary>
    public const string ControllerName = "nodemesh.io/controller";

    /// <summary>Our entries as they shall be; a condition that says what it said before keeps its time.</summary>
    public static JsonArray Ours(ObjectStatus status, JsonArray before, DateTimeOffset now)
    {
        var ours = new JsonArray();
        foreach (var parent in status.Attachments)
        {
            var reference = Reference(parent.Parent);
            var old = before.FirstOrDefault(entry => IsOurs(entry) && JsonNode.DeepEquals(entry![status.Reference], reference));
            var conditions = new JsonArray();
            foreach (var condition in parent.Conditions)
            {
                conditions.Add((JsonNode)Condition(condition, status.Generation, old?["conditions"] as JsonArray, now));
            }
            ours.Add((JsonNode)new JsonObject { [status.Reference] = reference, ["controllerName"] = ControllerName, ["conditions"] = conditions });
        }
        return ours;
    }

    public static bool IsOurs(JsonNode? entry) => (string?)entry?["controllerName"] == ControllerName;

    public static JsonObject Condition(RouteCondition condition, long generation, JsonArray? before, DateTimeOffset now)
    {
        var status = condition.Status ? "True" : "False";
        var old = before?.FirstOrDefault(entry => (string?)entry?["type"] == condition.Type && (string?)entry?["status"] == status);
        return new JsonObject
        {
            ["type"] = condition.Type,
            ["status"] = status,
            ["reason"] = condition.Reason,
            ["message"] = condition.Message.Length <= 32768 ? condition.Message : condition.Message[..32768],
            ["observedGeneration"] = generation,
            ["lastTransitionTime"] = (string?)old?["lastTransitionTime"] ?? Timestamp(now),
        };
    }

    /// <summary>metav1.Time: whole seconds.</summary>
    public static string Timestamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static JsonObject Reference(ParentReference parent)
    {
        var json = new JsonObject { ["group"] = parent.Group, ["kind"] = parent.Kind, ["name"] = parent.Name };
        if (parent.Namespace is { } ns)
        {
            json["namespace"] = ns;
        }
        if (parent.SectionName is { } section)
        {
            json["sectionName"] = section;
        }
        if (parent.Port is { } port)
        {
            json["port"] = port;
        }
        return json;
    }
}
