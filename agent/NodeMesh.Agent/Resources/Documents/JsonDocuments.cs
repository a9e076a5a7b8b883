using System.Text.Json;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>Reads a JSON file, which holds one document, or several after one another.</summary>
internal static class JsonDocuments
{
    /// <exception cref="DocumentException">The text is not JSON.</exception>
    public static IReadOnlyList<DocumentNode> Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions
        {
            AllowMultipleValues = true, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip,
        });
        var lines = new LineCounter(json);
        try
        {
            var documents = new List<DocumentNode>();
            while (reader.Read())
            {
                documents.Add(ReadValue(ref reader, ref lines));
            }
            return documents;
        }
        catch (JsonException problem)
        {
            throw new DocumentException((int)(problem.LineNumber ?? -1) + 1, problem.Message);
        }
    }

    private static DocumentNode ReadValue(ref Utf8JsonReader reader, ref LineCounter lines)
    {
        var line = lines.At((int)reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadObject(line, ref reader, ref lines);
            case JsonTokenType.StartArray:
                var items = new List<DocumentNode>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(ReadValue(ref reader, ref lines));
                }
                return new SequenceNode(line, items);
            case JsonTokenType.String:
                return new ScalarNode(line, ScalarKind.Text, reader.GetString()!);
            case JsonTokenType.Number:
                return new ScalarNode(line, ScalarKind.Number, System.Text.Encoding.UTF8.GetString(reader.ValueSpan));
            case JsonTokenType.Null:
                return new ScalarNode(line, ScalarKind.Null, "null");
            default:
                return new ScalarNode(line, ScalarKind.Boolean, reader.TokenType == JsonTokenType.True ? "true" : "false");
        }
    }

    private static MappingNode ReadObject(int line, ref Utf8JsonReader reader, ref LineCounter lines)
    {
        var members = new Dictionary<string, DocumentNode>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = reader.GetString()!;
            var at = (int)reader.TokenStartIndex;
            reader.Read();
            if (!members.TryAdd(key, ReadValue(ref reader, ref lines)))
            {
                throw new DocumentException(lines.At(at), $"the key {key} stands twice in one map");
            }
        }
        return new MappingNode(line, members);
    }

    /// <summary>Counts on from the last token, so that a file is walked once.</summary>
    private ref struct LineCounter(ReadOnlySpan<byte> json)
    {
        private readonly ReadOnlySpan<byte> _json = json;
        private int _offset;
        private int _line = 1;

        public int At(int offset)
        {
            if (offset > _offset)
            {
                _line += _json[_offset..offset].Count((byte)'\n');
                _offset = offset;
            }
            return _line;
        }
    }
}
