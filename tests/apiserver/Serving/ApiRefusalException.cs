using System.Text.Json.Nodes;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>An answer that is no success: a Status of meta/v1.</summary>
public sealed class ApiRefusalException(int code, string reason, string message, int retryAfter = 0) : Exception(message)
{
    public int Code => code;

    public string Reason => reason;

    public int RetryAfter => retryAfter;

    public JsonObject Status => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["message"] = Message,
        ["reason"] = reason,
        ["details"] = retryAfter > 0 ? new JsonObject { ["retryAfterSeconds"] = retryAfter } : new JsonObject(),
        ["code"] = code,
    };

    public static ApiRefusalException NotFound(string plural, string name) => new(404, "NotFound", $"{plural} \"{name}\" not found");

    public static ApiRefusalException Conflict(string plural, string name) => new(409, "Conflict",
        $"Operation cannot be fulfilled on {plural} \"{name}\": the object has been modified; please apply your changes to the latest version and try again");

    public static ApiRefusalException Expired(string message) => new(410, "Expired", message);
}
