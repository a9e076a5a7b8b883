using System.Text.Json;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>Takes a page of a list apart, object by object.</summary>
internal static class ListPage
{
    public delegate void ItemHandler(ReadOnlySpan<byte> json);

    /// <exception cref="JsonException">It is no list.</exception>
    public static ListMeta Read(ReadOnlySpan<byte> json, ItemHandler each)
    {
        var reader = new Utf8JsonReader(json);
        var metadata = new ListMeta();
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isMetadata, isItems) = (reader.ValueTextEquals("metadata"u8), reader.ValueTextEquals("items"u8));
            reader.Read();
            if (isMetadata)
            {
                metadata = JsonSerializer.Deserialize(ref reader, ApiJson.Default.ListMeta) ?? metadata;
            }
            else if (isItems && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    each(json[start..(int)reader.BytesConsumed]);
                }
            }
            else
            {
                reader.Skip();
            }
        }
        return metadata.ResourceVersion.Length > 0 ? metadata : throw new JsonException("the answer is no list: it has no metadata.resourceVersion");
    }
}
