using System.Text.Json;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>One line of a watch.</summary>
internal static class WatchEvent
{
    public enum Kind
    {
        /// <summary>Added or modified; the difference tells nothing after a resumed watch.</summary>
        Put,
        Deleted,

        /// <summary>Nothing but how far the watch has come.</summary>
        Bookmark,
        Error,
    }

    /// <exception cref="JsonException">It is no event.</exception>
    public static (Kind Kind, Range Object) Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        Kind? kind = null;
        Range? found = null;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isType, isObject) = (reader.ValueTextEquals("type"u8), reader.ValueTextEquals("object"u8));
            reader.Read();
            if (isType)
            {
                kind = reader.GetString() switch
                {
                    "ADDED" or "MODIFIED" => Kind.Put,
                    "DELETED" => Kind.Deleted,
                    "BOOKMARK" => Kind.Bookmark,
                    "ERROR" => Kind.Error,
                    var other => throw new JsonException($"a watch has no event of type {other}"),
                };
            }
            else if (isObject)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                found = start..(int)reader.BytesConsumed;
            }
            else
            {
                reader.Skip();
            }
        }
        return kind is { } read && found is { } range ? (read, range) : throw new JsonException("the line is no event of a watch");
    }
}
