using System.CommandLine;
using System.Runtime.InteropServices;

namespace NodeMesh.Cli.Demo;

/// <summary><c>nodemesh demo</c>: a mesh on this machine, from nothing to a table of live traffic, and back to nothing.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var keep = new Option<bool>("--keep") { Description = "Keep it running until Ctrl-C, and print how to try it by hand." };
        var seconds = new Option<int>("--seconds") { Description = "How long the table is shown.", DefaultValueFactory = _ => 60 };
        var capture = new Option<string>("--capture") { Description = "How pods are captured: auto, ebpf or iptables.", DefaultValueFactory = _ => "auto" };
        capture.AcceptOnlyFromAmong("auto", "ebpf", "iptables");
        var programs = new Option<string>("--programs")
        {
            Description = "The directory of nodemesh-agent and nodemesh-proxy; by default that of nodemesh.",
            DefaultValueFactory = _ => Path.GetDirectoryName(Environment.ProcessPath) ?? ".",
        };
        var command = new Command("demo", "Makes pods on this machine, takes them into the mesh while they talk, and shows who talks to whom.")
        {
            keep,
            seconds,
            capture,
            programs,
        };
        command.SetAction((result, _) => RunAsync(new DemoOptions(
            result.GetValue(keep),
            TimeSpan.FromSeconds(result.GetValue(seconds)),
            result.GetRequiredValue(capture),
            Path.GetFullPath(result.GetRequiredValue(programs)))));
        return command;
    }

    private static async Task<int> RunAsync(DemoOptions options)
    {
        using var interrupted = new CancellationTokenSource();
        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = true;
            interrupted.Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupt);
        try
        {
            DemoRequirements.Check(options);
            return await RunAsync(new DemoRun(options, TimeProvider.System), interrupted.Token);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            // In the middle of set-up: 128 + SIGINT, as shells have it.
            return 130;
        }
        catch (DemoException failure)
        {
            await Console.Error.WriteLineAsync($"nodemesh demo: {failure.Message}");
            return 1;
        }
    }

    private static async Task<int> RunAsync(DemoRun run, CancellationToken interrupted)
    {
        var tidy = false;
        try
        {
            await run.RunAsync(interrupted);
        }
        finally
        {
            tidy = await run.TakeBackAsync();
        }
        return tidy ? 0 : 1;
    }
}
