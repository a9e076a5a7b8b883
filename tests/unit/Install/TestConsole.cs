using Spectre.Console;

namespace NodeMesh.UnitTests.Install;

/// <summary>A terminal whose text is kept.</summary>
internal sealed class TestConsole
{
    private readonly StringWriter _output = new();

    public TestConsole() => Console = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.No,
        ColorSystem = ColorSystemSupport.NoColors,
        Out = new AnsiConsoleOutput(_output),
    });

    public IAnsiConsole Console { get; }

    public string Text => _output.ToString();
}
