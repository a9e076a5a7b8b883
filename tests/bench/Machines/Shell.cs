using CliWrap;
using CliWrap.Buffered;

namespace NodeMesh.Bench.Machines;

/// <summary>Runs a command to its end; one that fails becomes an exception with what it printed.</summary>
internal static class Shell
{
    public static Task<string> RunAsync(string program, params string[] arguments) => FeedAsync(string.Empty, program, arguments);

    /// <summary>The same with something on its standard input.</summary>
    public static async Task<string> FeedAsync(string input, string program, params string[] arguments)
    {
        var result = await Cli.Wrap(program)
            .WithArguments(arguments)
            .WithStandardInputPipe(PipeSource.FromString(input))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return result.IsSuccess
            ? result.StandardOutput
            : throw new BenchException($"'{program} {string.Join(' ', arguments)}' failed: {result.StandardError.Trim()} {input.Trim()}");
    }
}
