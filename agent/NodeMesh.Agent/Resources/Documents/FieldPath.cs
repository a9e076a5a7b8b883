using System.Globalization;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>Follows a path such as spec.ports[0].port or metadata.labels['a/b'] into a document.</summary>
internal static class FieldPath
{
    /// <summary>The node at the path, or the last one on the way to it.</summary>
    public static DocumentNode Find(DocumentNode root, string path)
    {
        var node = root;
        foreach (var step in Steps(path))
        {
            var next = node switch
            {
                MappingNode map => map[step],
                SequenceNode list when int.TryParse(step, NumberStyles.None, null, out var index) && index < list.Items.Count => list.Items[index],
                _ => null,
            };
            if (next is null)
            {
                break;
            }
            node = next;
        }
        return node;
    }

    private static IEnumerable<string> Steps(string path)
    {
        for (var at = 0; at < path.Length;)
        {
            if (path[at] == '.')
            {
                at++;
                continue;
            }
            var (from, end, next) = path[at] != '[' ? Until(at, path.IndexOfAny(['.', '['], at), 0)
                : at + 1 < path.Length && path[at + 1] == '\'' ? Until(at + 2, path.IndexOf("']", at, StringComparison.Ordinal), 2)
                : Until(at + 1, path.IndexOf(']', at), 1);
            yield return path[from..end];
            at = next;
        }

        (int From, int End, int Next) Until(int from, int end, int close) => end < 0 ? (from, path.Length, path.Length) : (from, end, end + close);
    }
}
