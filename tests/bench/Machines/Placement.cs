using CliWrap;

namespace NodeMesh.Bench.Machines;

/// <summary>Where a process runs: in which network namespace, and in which cgroup its CPU time is counted.</summary>
internal sealed record Placement(string Namespace, Cgroup Cgroup)
{
    /// <summary>
    /// The process stays the same from setsid to the program, so its id is the program's. setsid keeps a Ctrl-C of the
    /// terminal from it: the bench stops it, in order.
    /// </summary>
    public Command Command(string program, params IEnumerable<string> arguments) =>
        Cli.Wrap("setsid").WithArguments(
        [
            "nsenter", $"--net=/run/netns/{Namespace}", "sh", "-c",
            $"ulimit -n {OpenFiles.Limit} && echo $$ > {Cgroup.ProcessesFile} && exec \"$@\"", "sh", program, .. arguments,
        ]).WithValidation(CommandResultValidation.None);
}
