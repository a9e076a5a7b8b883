using System.Globalization;
using System.Net;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Validation;

namespace NodeMesh.Agent.Compiler;

/// <summary>Comma-separated annotations. A bad item is a problem; the good ones apply.</summary>
internal static class AnnotationList
{
    public static IReadOnlyList<ushort> Ports(string kind, ObjectMeta metadata, string annotation, ICollection<ResourceProblem> problems) =>
        Parse<ushort>(kind, metadata, annotation, "port (1 to 65535)", problems,
            (string item, out ushort port) => ushort.TryParse(item, NumberStyles.None, null, out port) && port != 0);

    public static IReadOnlyList<IPNetwork> Networks(string kind, ObjectMeta metadata, string annotation, ICollection<ResourceProblem> problems) =>
        Parse<IPNetwork>(kind, metadata, annotation, "CIDR or address", problems, Addresses.TryParseNetwork);

    private delegate bool TryParse<T>(string item, out T value);

    private static List<T> Parse<T>(
        string kind, ObjectMeta metadata, string annotation, string what, ICollection<ResourceProblem> problems, TryParse<T> tryParse)
    {
        if (!metadata.Annotations.TryGetValue(annotation, out var text))
        {
            return [];
        }
        var values = new List<T>();
        foreach (var item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!tryParse(item, out var value))
            {
                problems.Add(new ResourceProblem(kind, metadata.Id, "InvalidAnnotation", $"annotation {annotation}: \"{item}\" is no {what}; it is left out"));
            }
            else if (!values.Contains(value))
            {
                values.Add(value);
            }
        }
        return values;
    }
}
