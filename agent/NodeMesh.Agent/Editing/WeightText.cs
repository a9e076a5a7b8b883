using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace NodeMesh.Agent.Editing;

/// <summary>A text of YAML or JSON documents with other weights: only their digits change, or a line is added where there was no weight. Comments and layout stay.</summary>
internal static class WeightText
{
    private const char ByteOrderMark = '\uFEFF';

    private const string Group = "gateway.networking.k8s.io/";

    /// <returns>null: the route is not in this text. Otherwise the document that it is in, before and after, and the whole text after.</returns>
    /// <exception cref="EditException">It is, and can't be changed in this way.</exception>
    public static (string Before, string After, string Text)? Change(string text, WeightChange change)
    {
        if (text.StartsWith(ByteOrderMark))
        {
            // The parser does not count it.
            return Change(text[1..], change) is { } without ? (without.Before, without.After, ByteOrderMark + without.Text) : null;
        }
        var documents = Load(text);
        foreach (var document in documents)
        {
            if (document.RootNode is YamlMappingNode root && Routes(root).FirstOrDefault(map => Is(map, change)) is { } route)
            {
                if (HasAlias(text))
                {
                    throw Refused(change, "its file has YAML aliases, by which one place stands for several: change it by hand");
                }
                var edits = Edits(text, Backends(Rule(route, change), change), change);
                var (from, to) = Bounds(text, root);
                var after = Replace(text, edits);
                return (text[from..to], after[from..(to + after.Length - text.Length)], after);
            }
        }
        return null;
    }

    private static IList<YamlDocument> Load(string text)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents;
        }
        catch (Exception e) when (e is YamlException or ArgumentException or InvalidOperationException)
        {
            return []; // the agent says what is wrong with it, and goes by what stood there before
        }
    }

    private static IEnumerable<YamlMappingNode> Routes(YamlMappingNode root) =>
        Text(root, "kind") == "List" && root.Children.TryGetValue("items", out var items) && items is YamlSequenceNode list ? list.OfType<YamlMappingNode>() : [root];

    private static bool Is(YamlMappingNode map, WeightChange change) =>
        Text(map, "kind") == "HTTPRoute" && Text(map, "apiVersion")?.StartsWith(Group, StringComparison.Ordinal) == true
        && map.Children.TryGetValue("metadata", out var node) && node is YamlMappingNode metadata
        && Text(metadata, "name") == change.Name && (Text(metadata, "namespace") ?? "default") == change.Namespace;

    private static YamlMappingNode Rule(YamlMappingNode route, WeightChange change)
    {
        var rules = route.Children.TryGetValue("spec", out var spec) && spec is YamlMappingNode map && map.Children.TryGetValue("rules", out var list) && list is YamlSequenceNode sequence
            ? sequence.OfType<YamlMappingNode>().ToList() : [];
        return rules.Where((rule, index) => (Text(rule, "name") ?? index.ToString(CultureInfo.InvariantCulture)) == change.Rule).FirstOrDefault()
            ?? throw new EditException(EditFailure.NotFound, $"HTTPRoute {change.Route} has no rule {change.Rule}");
    }

    private static List<YamlMappingNode> Backends(YamlMappingNode rule, WeightChange change)
    {
        var backends = rule.Children.TryGetValue("backendRefs", out var node) && node is YamlSequenceNode list ? list.OfType<YamlMappingNode>().ToList() : [];
        return backends.Count == change.Weights.Count
            ? backends
            : throw Refused(change, $"its rule {change.Rule} has {backends.Count} backends, and {change.Weights.Count} weights were given");
    }

    private static List<(int At, int Length, string Text)> Edits(string text, List<YamlMappingNode> backends, WeightChange change)
    {
        var edits = new List<(int, int, string)>();
        foreach (var (index, backend) in backends.Index())
        {
            var weight = change.Weights[index].ToString(CultureInfo.InvariantCulture);
            if (backend.Children.TryGetValue("weight", out var node))
            {
                if (node is not YamlScalarNode { Value: { } old } || Slice(text, node) != old)
                {
                    throw Refused(change, $"the weight of its backend {index + 1} is not written as a plain number: change it by hand");
                }
                edits.Add(((int)node.Start.Index, old.Length, weight));
            }
            else if (weight != "1")
            {
                // It had the default.
                edits.Add(Insertion(text, backend, weight, change));
            }
        }
        return edits;
    }

    private static (int At, int Length, string Text) Insertion(string text, YamlMappingNode backend, string weight, WeightChange change)
    {
        var (key, value) = backend.Children.LastOrDefault(child => child.Key is YamlScalarNode { Value: "name" or "port" });
        if (key is not YamlScalarNode name || value is null)
        {
            throw Refused(change, "a backend of it has no name: change it by hand");
        }
        var end = (int)value.End.Index;
        if (backend.Style == YamlDotNet.Core.Events.MappingStyle.Flow)
        {
            return (end, 0, name.Style == ScalarStyle.DoubleQuoted ? $", \"weight\": {weight}" : $", weight: {weight}");
        }
        var line = text.IndexOf('\n', end);
        var at = line < 0 ? text.Length : line;
        var newLine = at > 0 && line >= 0 && text[at - 1] == '\r' ? "\r\n" : "\n";
        return (newLine == "\r\n" ? at - 1 : at, 0, $"{newLine}{new string(' ', (int)name.Start.Column - 1)}weight: {weight}");
    }

    // From the line it begins on to the separator of the next, comments above it included.
    private static (int From, int To) Bounds(string text, YamlMappingNode root)
    {
        var from = 0;
        for (var at = 0; at < root.Start.Index;)
        {
            var end = text.IndexOf('\n', at);
            var next = end < 0 ? text.Length : end + 1;
            if (text.AsSpan(at).StartsWith("---") && next <= root.Start.Index)
            {
                from = next;
            }
            at = next;
        }
        var to = text.IndexOf("\n---", (int)Math.Min(root.Start.Index, text.Length - 1), StringComparison.Ordinal);
        return (from, to < 0 ? text.Length : to + 1);
    }

    private static string Replace(string text, List<(int At, int Length, string Text)> edits)
    {
        foreach (var (at, length, with) in edits.OrderByDescending(edit => edit.At))
        {
            text = string.Concat(text.AsSpan(0, at), with, text.AsSpan(at + length));
        }
        return text;
    }

    private static bool HasAlias(string text)
    {
        var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        while (parser.MoveNext())
        {
            if (parser.Current is AnchorAlias)
            {
                return true;
            }
        }
        return false;
    }

    private static string Slice(string text, YamlNode node) => node.Start.Index >= 0 && node.End.Index <= text.Length ? text[(int)node.Start.Index..(int)node.End.Index].Trim() : "";

    private static string? Text(YamlMappingNode map, string key) => map.Children.TryGetValue(key, out var node) && node is YamlScalarNode { Value: { Length: > 0 } value } ? value : null;

    private static EditException Refused(WeightChange change, string why) => new(EditFailure.Refused, $"HTTPRoute {change.Route}: {why}");
}
