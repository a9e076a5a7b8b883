namespace NodeMesh.Agent.Resources.Documents;

/// <summary>A value of a YAML or JSON document, with the line it stands on, so that a problem can name it.</summary>
internal abstract record DocumentNode(int Line)
{
    /// <summary>What it is, in words for a message.</summary>
    public abstract string Describe();
}

internal sealed record ScalarNode(int Line, ScalarKind Kind, string Text) : DocumentNode(Line)
{
    public override string Describe() => Kind switch
    {
        ScalarKind.Null => "null",
        ScalarKind.Text => $"the text \"{Shorten(Text)}\"",
        ScalarKind.Number => $"the number {Shorten(Text)}",
        _ => $"the boolean {Text}",
    };

    private static string Shorten(string text) => text.Length <= 40 ? text : $"{text[..40]}...";
}

internal sealed record SequenceNode(int Line, IReadOnlyList<DocumentNode> Items) : DocumentNode(Line)
{
    public override string Describe() => "a list";
}

internal sealed record MappingNode(int Line, IReadOnlyDictionary<string, DocumentNode> Members) : DocumentNode(Line)
{
    public override string Describe() => "a map";

    public DocumentNode? this[string key] => Members.GetValueOrDefault(key);

    /// <summary>The text of a member; null where it is absent or no text.</summary>
    public string? TextOf(string key) => this[key] is ScalarNode { Kind: ScalarKind.Text } scalar ? scalar.Text : null;
}

internal enum ScalarKind
{
    Null,
    Text,
    Number,
    Boolean,
}
