using System.Text.RegularExpressions;

namespace NodeMesh.UnitTests.Compiler;

/// <summary>The YAML that docs/ shows.</summary>
internal static partial class DocExamples
{
    private static readonly string Docs = Path.Combine(Repository.Root, "docs");

    /// <summary>Every block of every page, with the page's path below docs/ and the block's number in it, from 1.</summary>
    public static IReadOnlyList<(string Name, string Yaml)> All { get; } =
    [
        .. from page in Directory.EnumerateFiles(Docs, "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
           from block in Block().Matches(File.ReadAllText(page)).Select((match, index) => (Yaml: match.Groups[1].Value, Number: index + 1))
           select ($"{Path.GetRelativePath(Docs, page)} {block.Number}", block.Yaml),
    ];

    public static string Of(string name) => All.Single(block => block.Name == name).Yaml;

    public static IEnumerable<string> Under(params string[] pages) =>
        All.Select(block => block.Name).Where(name => pages.Any(page => name.StartsWith(page, StringComparison.Ordinal)));

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
