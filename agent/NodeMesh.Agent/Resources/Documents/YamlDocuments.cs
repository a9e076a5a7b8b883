using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>Reads the documents of a YAML stream. Anchors, aliases and merge keys are resolved; an aliased node is shared, not copied.</summary>
internal sealed class YamlDocuments
{
    /// <summary>Deeper than any Kubernetes object, and shallow enough for the stack.</summary>
    private const int MaxDepth = 100;

    private readonly Dictionary<string, DocumentNode?> _anchors = [];
    private readonly Parser _parser;

    private YamlDocuments(string text) => _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));

    /// <summary>Empty documents, as between two separators, read as null.</summary>
    /// <exception cref="DocumentException">The text is not YAML.</exception>
    public static IReadOnlyList<DocumentNode> Read(string text)
    {
        var documents = new YamlDocuments(text);
        try
        {
            return documents.ReadAll();
        }
        catch (YamlException problem)
        {
            throw new DocumentException((int)problem.Start.Line, problem.Message);
        }
        catch (Exception problem) when (problem is not DocumentException)
        {
            // The parser trips over some broken texts instead of refusing them.
            throw new DocumentException((int)(documents._parser.Current?.End.Line ?? 1), $"not valid YAML ({problem.Message})");
        }
    }

    private List<DocumentNode> ReadAll()
    {
        var documents = new List<DocumentNode>();
        _parser.Consume<StreamStart>();
        while (!_parser.TryConsume<StreamEnd>(out _))
        {
            _parser.Consume<DocumentStart>();
            _anchors.Clear();
            documents.Add(ReadNode(0));
            _parser.Consume<DocumentEnd>();
        }
        return documents;
    }

    private DocumentNode ReadNode(int depth)
    {
        var at = _parser.Current!.Start;
        var line = (int)at.Line;
        if (depth > MaxDepth)
        {
            throw new DocumentException(line, $"nested deeper than {MaxDepth} levels");
        }
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return _anchors.GetValueOrDefault(alias.Value.Value)
                ?? throw new DocumentException(line, $"the alias *{alias.Value} stands for nothing, or for a value that holds itself");
        }
        var anchor = ((NodeEvent)_parser.Current).Anchor;
        if (!anchor.IsEmpty)
        {
            // Known only when it is whole.
            _anchors[anchor.Value] = null;
        }
        var node = ReadValue(line, depth);
        if (!anchor.IsEmpty)
        {
            _anchors[anchor.Value] = node;
        }
        return node;
    }

    private DocumentNode ReadValue(int line, int depth)
    {
        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            return ReadScalar(line, scalar);
        }
        if (_parser.TryConsume<SequenceStart>(out _))
        {
            var items = new List<DocumentNode>();
            while (!_parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(ReadNode(depth + 1));
            }
            return new SequenceNode(line, items);
        }
        _parser.Consume<MappingStart>();
        return ReadMapping(line, depth);
    }

    private static ScalarNode ReadScalar(int line, Scalar scalar) => scalar switch
    {
        { Tag: { IsEmpty: false, IsNonSpecific: false, Value: "tag:yaml.org,2002:str" } } => new ScalarNode(line, ScalarKind.Text, scalar.Value),
        { Style: ScalarStyle.Plain } => CoreSchema.Resolve(line, scalar.Value),
        _ => new ScalarNode(line, ScalarKind.Text, scalar.Value),
    };

    private MappingNode ReadMapping(int line, int depth)
    {
        var members = new Dictionary<string, DocumentNode>();
        var merged = new List<DocumentNode>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = _parser.Current!.Start.Line;
            var isMerge = _parser.Current is Scalar { Style: ScalarStyle.Plain, Value: "<<" };
            if (ReadNode(depth + 1) is not ScalarNode name)
            {
                throw new DocumentException((int)key, "a key must be a plain word");
            }
            var value = ReadNode(depth + 1);
            if (isMerge)
            {
                merged.Add(value);
            }
            else if (!members.TryAdd(name.Text, value))
            {
                throw new DocumentException((int)key, $"the key {name.Text} stands twice in one map");
            }
        }
        foreach (var source in merged)
        {
            Merge(source, members);
        }
        return new MappingNode(line, members);
    }

    // What the map says itself wins, then the first of several merged maps.
    private static void Merge(DocumentNode source, Dictionary<string, DocumentNode> members)
    {
        switch (source)
        {
            case MappingNode map:
                foreach (var (key, value) in map.Members)
                {
                    members.TryAdd(key, value);
                }
                break;
            case SequenceNode list when list.Items.All(item => item is MappingNode):
                foreach (var item in list.Items)
                {
                    Merge(item, members);
                }
                break;
            default:
                throw new DocumentException(source.Line, "<< takes a map or a list of maps");
        }
    }
}
