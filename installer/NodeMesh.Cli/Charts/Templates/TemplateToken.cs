using System.Text.RegularExpressions;

namespace NodeMesh.Cli.Charts.Templates;

/// <summary>A piece of text, or what stands between braces.</summary>
internal readonly partial record struct TemplateToken(bool IsAction, string Text)
{
    /// <summary>"{{-" takes the white space before it along, "-}}" that behind it.</summary>
    public static IReadOnlyList<TemplateToken> Split(string template)
    {
        var tokens = new List<TemplateToken>();
        var position = 0;
        var trimNext = false;
        foreach (Match action in Action().Matches(template))
        {
            Add(template[position..action.Index], trimEnd: action.Groups["before"].Success);
            tokens.Add(new TemplateToken(true, action.Groups["body"].Value.Trim()));
            trimNext = action.Groups["after"].Success;
            position = action.Index + action.Length;
        }
        Add(template[position..], trimEnd: false);
        return tokens;

        void Add(string text, bool trimEnd)
        {
            text = trimNext ? text.TrimStart() : text;
            tokens.Add(new TemplateToken(false, trimEnd ? text.TrimEnd() : text));
        }
    }

    [GeneratedRegex(@"\{\{(?<before>-(?=\s))?(?<body>.*?)(?<after>(?<=\s)-)?\}\}", RegexOptions.Singleline)]
    private static partial Regex Action();
}
