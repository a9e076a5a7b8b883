using System.Text.Json.Nodes;
using NodeMesh.Agent.Editing;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace NodeMesh.UnitTests.Editing;

public class JsonYamlTests
{
    private const string Json = """
        {"kind":"HTTPRoute","metadata":{"name":"web"},"spec":{"rules":[{"name":"all","matches":[],"backendRefs":[{"name":"v1","port":80,"weight":9},{"name":"v2","filters":[{"type":"x","set":{}}]}]}],
         "hostnames":["*.example","yes","1.5","a: b","-x",""],"on":null,"flag":true}}
        """;

    [Fact]
    public void It_reads_as_a_person_writes_it() => Assert.StartsWith(
        "kind: HTTPRoute\nmetadata:\n  name: web\nspec:\n  rules:\n  - name: all\n    matches: []\n    backendRefs:\n    - name: v1\n      port: 80\n      weight: 9\n    - name: v2\n      filters:\n      - type: x\n        set: {}\n",
        JsonYaml.Write(JsonNode.Parse(Json)!), StringComparison.Ordinal);

    [Fact]
    public void Texts_that_look_like_something_else_stay_texts()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(JsonYaml.Write(JsonNode.Parse(Json)!)));

        var names = (YamlSequenceNode)yaml.Documents[0].RootNode["spec"]["hostnames"];
        Assert.Equal(["*.example", "yes", "1.5", "a: b", "-x", ""], names.Select(node => ((YamlScalarNode)node).Value));
        Assert.All(names, node => Assert.NotEqual(YamlDotNet.Core.ScalarStyle.Plain, ((YamlScalarNode)node).Style));
    }
}
