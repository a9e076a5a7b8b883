using System.Text.RegularExpressions;

namespace NodeMesh.NodeTests.Kit;

/// <summary>The examples of docs/traffic.md: what the tests apply is what people read.</summary>
public static partial class DocExamples
{
    /// <summary>The Services that all examples are about: shop, shop-v1 and shop-v2.</summary>
    public static string Services => Block().Match(Text()).Groups[1].Value;

    /// <summary>The example under a heading.</summary>
    public static string Of(string heading)
    {
        var text = Text();
        var at = text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal);
        return at < 0 ? throw new ArgumentException($"docs/traffic.md has no section {heading}") : Block().Match(text, at).Groups[1].Value;
    }

    private static string Text()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "docs/traffic.md");
            if (File.Exists(path))
            {
                return File.ReadAllText(path);
            }
        }
        throw new FileNotFoundException("docs/traffic.md is in no folder above the tests");
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
