using System.Text.RegularExpressions;

namespace NodeMesh.NodeTests.Kit;

/// <summary>The examples of docs/traffic.md and its pages: what the tests apply is what people read.</summary>
public static partial class DocExamples
{
    private static readonly string Docs = Find();

    /// <summary>The Services that all examples are about: shop, shop-v1 and shop-v2.</summary>
    public static string Services => Block().Match(Text("traffic.md")).Groups[1].Value;

    /// <summary>All blocks of YAML of a folder of pages, or of one page, by page.</summary>
    public static IReadOnlyList<(string Page, string Yaml)> In(string path) =>
    [
        .. from page in Pages(path)
           from block in Block().Matches(File.ReadAllText(page)).Cast<Match>()
           select (Path.GetRelativePath(Docs, page), block.Groups[1].Value),
    ];

    /// <summary>The example under a heading of a page about traffic.</summary>
    public static string Of(string heading)
    {
        foreach (var page in Pages("traffic"))
        {
            var text = $"\n{File.ReadAllText(page)}";
            var at = Regex.Match(text, $@"\n##? {Regex.Escape(heading)}\n");
            if (at.Success)
            {
                return Block().Match(text, at.Index).Groups[1].Value;
            }
        }
        throw new ArgumentException($"no page of docs/traffic has a section {heading}");
    }

    private static IEnumerable<string> Pages(string path) =>
        Directory.Exists($"{Docs}/{path}") ? Directory.EnumerateFiles($"{Docs}/{path}", "*.md").Order(StringComparer.Ordinal) : [$"{Docs}/{path}"];

    private static string Text(string page) => File.ReadAllText($"{Docs}/{page}");

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "docs");
            if (File.Exists(Path.Combine(path, "traffic.md")))
            {
                return path;
            }
        }
        throw new FileNotFoundException("docs/traffic.md is in no folder above the tests");
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
