using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Editing;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>api/weights: what other weights would do to the YAML; and, with the version of what was shown, does it.</summary>
internal sealed partial class WeightsEndpoint(IWeightEditor editor, Func<AgentStatus> status, ILogger log)
{
    private const int LargestBody = 16 * 1024;

    public async Task ServeAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = LargestBody;
        }
        try
        {
            var (change, version) = await ReadAsync(context).ConfigureAwait(false);
            var edit = await editor.PrepareAsync(change, context.RequestAborted).ConfigureAwait(false);
            if (version is not null)
            {
                if (version != edit.Version)
                {
                    throw new EditException(EditFailure.Changed, $"{edit.Where} has been changed since it was shown: look at the change anew");
                }
                await editor.ApplyAsync(change, edit, context.RequestAborted).ConfigureAwait(false);
                LogChanged(change.Route, change.Rule, string.Join(", ", change.Weights), edit.Where, context.Connection.RemoteIpAddress?.ToString() ?? "");
            }
            context.Response.ContentType = "application/json";
            var answer = new WeightsAnswer(edit.Where, edit.Version, edit.Before, edit.After, version is not null);
            await context.Response.WriteAsync(JsonSerializer.Serialize(answer, WeightsJson.Default.WeightsAnswer), context.RequestAborted).ConfigureAwait(false);
        }
        catch (EditException e)
        {
            context.Response.StatusCode = e.Failure switch
            {
                EditFailure.NotFound => StatusCodes.Status404NotFound,
                EditFailure.Changed => StatusCodes.Status409Conflict,
                EditFailure.Unwritable => StatusCodes.Status502BadGateway,
                _ => StatusCodes.Status400BadRequest,
            };
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(e.Message + "\n", context.RequestAborted).ConfigureAwait(false);
        }
    }

    private async Task<(WeightChange Change, string? Version)> ReadAsync(HttpContext context)
    {
        WeightsQuestion? asked;
        try
        {
            asked = await JsonSerializer.DeserializeAsync(context.Request.Body, WeightsJson.Default.WeightsQuestion, context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is JsonException or BadHttpRequestException)
        {
            throw new EditException(EditFailure.Refused, "give {\"route\": \"namespace/name\", \"rule\": …, \"weights\": […]}", e);
        }
        if (asked is not { Route: { } route, Rule: { Length: > 0 } rule, Weights: { Count: > 0 } weights } || route.Split('/') is not [{ Length: > 0 } home, { Length: > 0 } name])
        {
            throw new EditException(EditFailure.Refused, "give {\"route\": \"namespace/name\", \"rule\": …, \"weights\": […]}");
        }
        if (weights.Any(weight => weight is < 0 or > WeightChange.Most) || weights.All(weight => weight == 0))
        {
            throw new EditException(EditFailure.Refused, $"weights are 0 to {WeightChange.Most}, and not all of them 0: that would answer every request with 500");
        }
        // It would be written, and not count.
        return status().Rollouts.FirstOrDefault(rollout => rollout.Route == route && rollout.Rule == rule && rollout.Weight is not null) is { } holder
            ? throw new EditException(EditFailure.Refused, $"Rollout {holder.Namespace}/{holder.Name} holds the weights of this rule: change that, or remove it")
            : (new WeightChange(home, name, rule, weights), asked.Version);
    }

    [LoggerMessage(Level = LogLevel.Information, EventName = "WeightsChanged", Message = "console: HTTPRoute {Route} rule {Rule} has the weights {Weights} now, in {Where}; asked from {From}")]
    private partial void LogChanged(string route, string rule, string weights, string where, string from);
}

/// <param name="Version">Of what was shown; absent: only to be shown.</param>
internal sealed record WeightsQuestion(string? Route, string? Rule, IReadOnlyList<int>? Weights, string? Version);

internal sealed record WeightsAnswer(string Where, string Version, string Before, string After, bool Applied);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WeightsQuestion))]
[JsonSerializable(typeof(WeightsAnswer))]
internal sealed partial class WeightsJson : JsonSerializerContext;
