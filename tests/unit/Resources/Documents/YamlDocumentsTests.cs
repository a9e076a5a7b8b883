using NodeMesh.Agent.Resources.Documents;
using Xunit;

namespace NodeMesh.UnitTests.Resources.Documents;

public class YamlDocumentsTests
{
    [Theory]
    [InlineData("80", "80")]
    [InlineData("+80", "80")]
    [InlineData("-1", "-1")]
    [InlineData("0x1F", "31")]
    [InlineData("0o17", "15")]
    [InlineData("1.5", "1.5")]
    [InlineData("1e3", "1000")]
    [InlineData("true", "true")]
    [InlineData("True", "true")]
    [InlineData("FALSE", "false")]
    [InlineData("\"80\"", "\"80\"")]
    [InlineData("'true'", "\"true\"")]
    [InlineData("!!str 80", "\"80\"")]
    [InlineData("yes", "\"yes\"")]
    [InlineData("on", "\"on\"")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("10.0.0.1", "\"10.0.0.1\"")]
    [InlineData("2024-01-02T03:04:05Z", "\"2024-01-02T03:04:05Z\"")]
    [InlineData(".inf", "\".inf\"")]
    [InlineData("-", "[null]")]
    [InlineData("a-b", "\"a-b\"")]
    [InlineData("\"\"", "\"\"")]
    public void A_scalar_has_the_type_that_YAML_1_2_gives_it(string yaml, string json)
    {
        var node = Assert.IsType<MappingNode>(Assert.Single(YamlDocuments.Read($"value: {(yaml == "-" ? "[~]" : yaml)}")))["value"]!;

        Assert.Equal(json, node is SequenceNode ? "[null]" : Json(node));
    }

    [Theory]
    [InlineData("~")]
    [InlineData("null")]
    [InlineData("")]
    public void A_null_member_reads_as_absent(string yaml) => Assert.Equal("""{"b":1}""", Json(Assert.Single(YamlDocuments.Read($"a: {yaml}\nb: 1"))));

    [Fact]
    public void An_alias_repeats_what_its_anchor_marks() =>
        Assert.Equal("""{"a":{"x":1},"b":{"x":1}}""", Json(Assert.Single(YamlDocuments.Read("a: &one {x: 1}\nb: *one"))));

    [Fact]
    public void Merge_keys_fill_in_what_the_map_does_not_say() =>
        Assert.Equal("""{"a":{"x":1,"y":2},"b":{"x":9,"y":2},"c":{"z":3,"x":1,"y":2}}""", Json(Assert.Single(YamlDocuments.Read("""
            a: &a {x: 1, y: 2}
            b:
              <<: *a
              x: 9
            c:
              <<: [*a, {y: 7}]
              z: 3
            """))));

    [Fact]
    public void Documents_are_kept_apart_and_empty_ones_are_null()
    {
        var documents = YamlDocuments.Read("a: 1\n---\n---\nb: 2\n...\n");

        Assert.Equal(3, documents.Count);
        Assert.Equal(ScalarKind.Null, Assert.IsType<ScalarNode>(documents[1]).Kind);
    }

    [Theory]
    [InlineData("a: [1, 2\nb: 3", 1)]
    [InlineData("a: 1\n\tb: 2", 1)]
    [InlineData("a: 1\nb: *nothing", 2)]
    [InlineData("a: &a\n  b: *a", 2)]
    [InlineData("a: 1\nb: 2\na: 3", 3)]
    [InlineData("a: 1\n<<: 5", 2)]
    [InlineData("[1, 2]: x", 1)]
    public void What_is_no_YAML_is_refused_with_its_line(string yaml, int line) =>
        Assert.Equal(line, Assert.Throws<DocumentException>(() => YamlDocuments.Read(yaml)).Line);

    [Fact]
    public void Endless_nesting_is_refused() =>
        Assert.Throws<DocumentException>(() => YamlDocuments.Read(new string('[', 100_000)));

    [Fact]
    public void Aliases_of_aliases_do_not_fill_the_memory()
    {
        var bomb = "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n";
        for (var i = 1; i < 12; i++)
        {
            bomb += $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 9))}]\n";
        }

        Assert.Contains("larger than", Assert.Throws<DocumentException>(() => NodeJson.Write(YamlDocuments.Read(bomb)[0])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_node_knows_its_line()
    {
        var root = YamlDocuments.Read("# a comment\nspec:\n  ports:\n  - name: a\n  - name: b\n    port: x\n")[0];

        Assert.Equal(6, FieldPath.Find(root, "spec.ports[1].port").Line);
        Assert.Equal(5, FieldPath.Find(root, "spec.ports[1]").Line);
        Assert.Equal(5, FieldPath.Find(root, "spec.ports[1].missing.further").Line);
    }

    [Fact]
    public void JSON_reads_as_the_same_tree()
    {
        var root = Assert.Single(JsonDocuments.Read("{\n \"a\": [1, true, null, \"x\\u00e9\"],\n \"b\": {\"c\": 1.5}\n}"u8));

        Assert.Equal("""{"c":1.5}""", Json(FieldPath.Find(root, "b")));
        Assert.Equal(3, FieldPath.Find(root, "b.c").Line);
        Assert.Equal("xé", Assert.IsType<ScalarNode>(FieldPath.Find(root, "a[3]")).Text);
    }

    [Theory]
    [InlineData("{\n\"a\": 1,\n\"a\": 2}", 3)]
    [InlineData("{\n\"a\": 1", 2)]
    [InlineData("{}\n}", 2)]
    public void What_is_no_JSON_is_refused_with_its_line(string json, int line) =>
        Assert.Equal(line, Assert.Throws<DocumentException>(() => JsonDocuments.Read(System.Text.Encoding.UTF8.GetBytes(json))).Line);

    private static string Json(DocumentNode node) => System.Text.Encoding.UTF8.GetString(NodeJson.Write(node).Span);
}
