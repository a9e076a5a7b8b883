namespace NodeMesh.Cli.Charts.Templates;

/// <summary>A template, or what it is given, is wrong.</summary>
internal sealed class TemplateException(string message) : Exception(message);
