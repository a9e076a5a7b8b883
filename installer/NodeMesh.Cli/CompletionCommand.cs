using System.CommandLine;

namespace NodeMesh.Cli;

/// <summary><c>nodemesh completion bash|zsh</c>: a script that asks this program, by its [suggest] directive, what may come next.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # source <(nodemesh completion bash)
        _nodemesh() {
            local IFS=$'\n' program=${COMP_WORDS[0]}
            COMPREPLY=($(compgen -W "$("$program" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _nodemesh nodemesh kubectl-nodemesh

        """;

    private const string Zsh = """
        #compdef nodemesh kubectl-nodemesh
        # source <(nodemesh completion zsh)
        _nodemesh() {
            local -a suggestions
            suggestions=("${(@f)$("${words[1]}" "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            compadd -- $suggestions
        }
        compdef _nodemesh nodemesh kubectl-nodemesh

        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash or zsh." };
        shell.AcceptOnlyFromAmong("bash", "zsh");
        var command = new Command("completion", "Prints a script that completes this program's commands in a shell.") { shell };
        command.SetAction(result => Console.Write(result.GetValue(shell) == "zsh" ? Zsh : Bash));
        return command;
    }

    /// <summary>What kubectl wants of `kubectl_complete-nodemesh WORD…`: a word a line, and then `:4`, that no names of files are meant.</summary>
    public static void PrintForKubectl(RootCommand root, IReadOnlyList<string> words)
    {
        var line = string.Join(' ', words);
        var begun = words.Count > 0 ? words[^1] : "";
        foreach (var word in root.Parse(line).GetCompletions(line.Length).Select(item => item.InsertText ?? item.Label)
            .Where(word => word.StartsWith(begun, StringComparison.Ordinal) && (char.IsAsciiLetter(word[0]) || begun.StartsWith('-'))))
        {
            Console.WriteLine(word);
        }
        Console.WriteLine(":4");
    }
}
