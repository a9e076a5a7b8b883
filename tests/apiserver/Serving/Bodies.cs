using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>Request bodies, JSON or YAML.</summary>
public static class Bodies
{
    public static JsonNode Parse(string text)
    {
        if (text.TrimStart() is ['{' or '[', ..])
        {
            try
            {
                return JsonNode.Parse(text)!;
            }
            catch (JsonException e)
            {
                throw new ApiRefusalException(400, "BadRequest", e.Message);
            }
        }
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return yaml.Documents.Count > 0 ? Convert(yaml.Documents[0].RootNode)! : throw new ApiRefusalException(400, "BadRequest", "the body is empty");
    }

    /// <summary>Every document of a YAML text.</summary>
    public static IEnumerable<JsonObject> ParseAll(string text)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return yaml.Documents.Select(document => Convert(document.RootNode)).OfType<JsonObject>();
    }

    private static JsonNode? Convert(YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode map:
                return new JsonObject(map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Convert(pair.Value))));
            case YamlSequenceNode list:
                return new JsonArray([.. list.Children.Select(Convert)]);
            case YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } plain:
                return plain.Value switch
                {
                    null or "" or "~" or "null" => null,
                    "true" => true,
                    "false" => false,
                    var text when long.TryParse(text, out var number) => number,
                    var text when double.TryParse(text, out var number) && text.Any(char.IsDigit) && !text.Contains(':') => number,
                    var text => text,
                };
            default:
                return ((YamlScalarNode)node).Value;
        }
    }
}
