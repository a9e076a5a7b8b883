using System.Text;
using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Charts.Templates;

/// <summary>
/// The part of Helm's template language that the chart uses: values, functions, if and else. So the chart is the one source of
/// the manifests, for Helm and for `nodemesh install`. What is beyond it is refused, never passed over.
/// </summary>
internal static class Template
{
    public static string Render(string template, JsonNode scope)
    {
        var output = new StringBuilder();
        // For every if that is open: whether its text shows, and whether one of its branches did.
        var open = new Stack<(bool Shows, bool Shown)>();
        foreach (var token in TemplateToken.Split(template))
        {
            var shows = open.All(block => block.Shows);
            if (!token.IsAction)
            {
                output.Append(shows ? token.Text : "");
                continue;
            }
            var (word, rest) = token.Text.Split(' ', 2) is [var first, var others] ? (first, others) : (token.Text, "");
            switch (word)
            {
                case "if":
                    var holds = shows && TemplateFunctions.IsTrue(TemplateExpression.Evaluate(rest, scope));
                    open.Push((holds, holds));
                    break;
                case "else" when rest.Length == 0 && open.TryPop(out var block):
                    open.Push((!block.Shown, true));
                    break;
                case "end" when open.TryPop(out _):
                    break;
                case "range" or "with" or "define" or "template" or "include" or "block" or "else" or "end":
                    throw new TemplateException($"{{{{ {token.Text} }}}} is not expected here, or not known to this renderer");
                default:
                    output.Append(shows && !token.Text.StartsWith("/*", StringComparison.Ordinal)
                        ? TemplateFunctions.Text(TemplateExpression.Evaluate(token.Text, scope))
                        : "");
                    break;
            }
        }
        return open.Count == 0 ? output.ToString() : throw new TemplateException("an if is not ended");
    }
}
