using System.Text.Json;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>Who an object is and how new, read without the rest of it: also of objects that can not be read otherwise.</summary>
internal readonly record struct ObjectIdentity(string Namespace, string Name, string ResourceVersion)
{
    public string Id => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";

    public static ObjectIdentity Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var identity = new ObjectIdentity("", "", "");
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (!isMetadata || reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var property = reader.ValueTextEquals("name"u8) ? 1 : reader.ValueTextEquals("namespace"u8) ? 2 : reader.ValueTextEquals("resourceVersion"u8) ? 3 : 0;
                reader.Read();
                if (property == 0 || reader.TokenType != JsonTokenType.String)
                {
                    reader.Skip();
                    continue;
                }
                identity = property switch
                {
                    1 => identity with { Name = reader.GetString()! },
                    2 => identity with { Namespace = reader.GetString()! },
                    _ => identity with { ResourceVersion = reader.GetString()! },
                };
            }
            break;
        }
        return identity;
    }
}
