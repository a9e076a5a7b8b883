using System.Text.Json.Serialization;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>What the page is told first.</summary>
/// <param name="Word">What it has to say when it changes something.</param>
/// <param name="CanEdit">Weights, by who <paramref name="NeedsToken"/> does not keep from it.</param>
/// <param name="NeedsToken">For changes, which it has not shown.</param>
/// <param name="HasPrometheus">All nodes' traffic can be asked for, too.</param>
/// <param name="IsLoggedIn">By the token, and can log out again.</param>
internal sealed record ConsoleSession(string Node, string Word, bool CanEdit, bool NeedsToken, bool HasPrometheus, bool IsLoggedIn);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ConsoleSession))]
internal sealed partial class ConsoleJson : JsonSerializerContext;
