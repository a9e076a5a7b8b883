using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace NodeMesh.Cli;

/// <summary>The help of the library, with the name the program is typed as.</summary>
internal sealed class UsageHelp(HelpAction inner) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        using var text = new StringWriter();
        parseResult.InvocationConfiguration.Output = text;
        var code = inner.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        output.Write(text.ToString().Replace($"\n  {parseResult.RootCommandResult.Command.Name} ", $"\n  {ProgramName.Typed} ", StringComparison.Ordinal));
        return code;
    }
}
