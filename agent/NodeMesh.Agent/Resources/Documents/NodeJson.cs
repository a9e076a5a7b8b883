using System.Buffers;
using System.Text.Json;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>Writes a document as JSON, the one form the model is read from.</summary>
internal static class NodeJson
{
    /// <summary>Above etcd's limit for an object. Aliases of aliases make a short file very long.</summary>
    private const int MaxLength = 4 << 20;

    /// <exception cref="DocumentException">The document is too large, or a list has an empty item.</exception>
    public static ReadOnlyMemory<byte> Write(DocumentNode node)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        Write(node, writer);
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static void Write(DocumentNode node, Utf8JsonWriter writer)
    {
        if (writer.BytesCommitted + writer.BytesPending > MaxLength)
        {
            throw new DocumentException(node.Line, $"the document is larger than {MaxLength >> 20} MiB");
        }
        switch (node)
        {
            case MappingNode map:
                writer.WriteStartObject();
                foreach (var (key, value) in map.Members)
                {
                    // Kubernetes reads null as absent.
                    if (value is ScalarNode { Kind: ScalarKind.Null })
                    {
                        continue;
                    }
                    writer.WritePropertyName(key);
                    Write(value, writer);
                }
                writer.WriteEndObject();
                break;
            case SequenceNode list:
                writer.WriteStartArray();
                foreach (var item in list.Items)
                {
                    if (item is ScalarNode { Kind: ScalarKind.Null })
                    {
                        throw new DocumentException(item.Line, "a list has an empty item");
                    }
                    Write(item, writer);
                }
                writer.WriteEndArray();
                break;
            case ScalarNode { Kind: ScalarKind.Text } text:
                writer.WriteStringValue(text.Text);
                break;
            case ScalarNode scalar:
                writer.WriteRawValue(scalar.Kind == ScalarKind.Null ? "null" : scalar.Text, skipInputValidation: true);
                break;
        }
    }
}
