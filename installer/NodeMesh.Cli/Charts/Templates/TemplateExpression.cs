using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace NodeMesh.Cli.Charts.Templates;

/// <summary>What stands between braces: values, functions, parentheses and pipes, as text/template of Go has them.</summary>
internal sealed partial class TemplateExpression
{
    private readonly string _text;
    private readonly string[] _words;
    private readonly JsonNode _scope;
    private int _next;

    private TemplateExpression(string text, JsonNode scope)
    {
        _text = text;
        _words = [.. Word().Matches(text).Select(m => m.Value)];
        _scope = scope;
    }

    /// <param name="scope">What "." is: Values, Release, Chart, and Files by their paths.</param>
    public static JsonNode? Evaluate(string text, JsonNode scope)
    {
        var expression = new TemplateExpression(text, scope);
        var value = expression.Pipeline();
        return expression._next == expression._words.Length ? value : throw expression.Wrong($"\"{expression._words[expression._next]}\" is not expected");
    }

    private JsonNode? Pipeline()
    {
        var value = Command(hasInput: false, null);
        while (_next < _words.Length && _words[_next] == "|")
        {
            _next++;
            value = Command(hasInput: true, value);
        }
        return value;
    }

    private JsonNode? Command(bool hasInput, JsonNode? input)
    {
        if (_next == _words.Length)
        {
            throw Wrong("it ends too early");
        }
        if (_words[_next] == ".Files.Get" && !hasInput)
        {
            _next++;
            return File(TemplateFunctions.Text(_next < _words.Length ? Term() : null));
        }
        if (!char.IsAsciiLetter(_words[_next][0]) || _words[_next] is "true" or "false")
        {
            return hasInput ? throw Wrong($"{_words[_next]} is no function to pipe into") : Term();
        }
        var function = _words[_next++];
        var arguments = new List<JsonNode?>();
        while (_next < _words.Length && _words[_next] is not ("|" or ")"))
        {
            arguments.Add(Term());
        }
        if (hasInput)
        {
            arguments.Add(input);
        }
        return TemplateFunctions.Call(function, arguments) ?? throw Wrong($"there is no function {function} with {arguments.Count} arguments");
    }

    private JsonNode? Term()
    {
        var word = _words[_next++];
        switch (word[0])
        {
            case '(':
                var value = Pipeline();
                return _next < _words.Length && _words[_next++] == ")" ? value : throw Wrong("a parenthesis is not closed");
            case '"':
                return word[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal);
            case '.':
                return Field(word);
            case var digit when char.IsAsciiDigit(digit):
                return int.Parse(word, CultureInfo.InvariantCulture);
            default:
                return word switch { "true" => true, "false" => false, _ => throw Wrong($"\"{word}\" is not understood") };
        }
    }

    // Helm takes a file that is not there for an empty one.
    private JsonNode? File(string path) => _scope["Files"] is JsonObject files && files.TryGetPropertyValue(path, out var text) ? text : throw Wrong($"the chart has no file {path}");

    private JsonNode? Field(string path)
    {
        JsonNode? value = _scope;
        foreach (var name in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            value = value is JsonObject fields && fields.TryGetPropertyValue(name, out var field)
                ? field
                : throw Wrong($"there is no value {path}");
        }
        return value;
    }

    private TemplateException Wrong(string why) => new($"{{{{ {_text} }}}}: {why}");

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|[()|]|[^\s()|"]+
        """)]
    private static partial Regex Word();
}
