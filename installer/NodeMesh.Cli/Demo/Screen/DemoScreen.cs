using Spectre.Console;
using Spectre.Console.Rendering;

namespace NodeMesh.Cli.Demo.Screen;

/// <summary>
/// The terminal. The table moves twice a second; where stdout is no terminal, a plain one is printed every few seconds.
/// A stdout that goes away (a closed pipe) ends the demo like an interrupt, and never hinders the tidying up.
/// </summary>
internal sealed class DemoScreen
{
    private const int PlainWidth = 120;

    private static readonly TimeSpan _moving = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _plain = TimeSpan.FromSeconds(5);

    private readonly IAnsiConsole _console = AnsiConsole.Create(new AnsiConsoleSettings());

    public DemoScreen()
    {
        if (!IsTerminal)
        {
            _console.Profile.Width = PlainWidth;
        }
    }

    private bool IsTerminal { get; } = !Console.IsOutputRedirected;

    /// <summary>A step of the set-up is done.</summary>
    public void Done(string step, TimeSpan took) =>
        _console.MarkupLineInterpolated($"[green]✓[/] {step} [grey]({took.TotalSeconds:0.0} s)[/]");

    /// <summary>The same in a browser.</summary>
    public void ConsoleIsAt(Uri address)
    {
        _console.WriteLine();
        _console.MarkupLineInterpolated($"[bold]the console:[/] {address}");
    }

    /// <summary>What to try by hand, above the table.</summary>
    public void Hint(IReadOnlyList<(string Command, string Shows)> hints)
    {
        _console.WriteLine();
        _console.MarkupLine("It goes on until Ctrl-C. From another terminal, as root:");
        foreach (var (command, shows) in hints)
        {
            _console.MarkupLineInterpolated($"  [grey]# {shows}[/]");
            // Past the console, which would break a long line in two.
            Console.WriteLine($"  {command}");
        }
    }

    /// <summary>Shows views until the last one has no time left, or until cancelled.</summary>
    public async Task ShowAsync(Func<Task<DemoView>> next, CancellationToken cancellation)
    {
        _console.WriteLine();
        if (IsTerminal)
        {
            await _console.Live(new Text("")).StartAsync(live => LoopAsync(next, live.UpdateTarget, _moving, cancellation));
        }
        else
        {
            await LoopAsync(next, _console.Write, _plain, cancellation);
        }
    }

    /// <summary>Everything has been taken back, or not.</summary>
    public void Ended(int pods, IReadOnlyList<string> failures)
    {
        try
        {
            foreach (var failure in failures)
            {
                Console.Error.WriteLine($"nodemesh demo: could not take back {failure}");
            }
            if (failures.Count == 0)
            {
                _console.MarkupLineInterpolated($"[green]✓[/] nothing left behind: {pods} pods, their processes, network and files are gone");
            }
        }
        catch (IOException)
        {
            // Nobody reads any more.
        }
    }

    private async Task LoopAsync(Func<Task<DemoView>> next, Action<IRenderable> show, TimeSpan period, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(period);
        DemoView view;
        do
        {
            view = await next();
            if (view.Rows.Count > 0)
            {
                show(DemoLayout.Render(view, _console.Profile.Width));
            }
        }
        while (!(view.Left <= TimeSpan.Zero) && await timer.WaitForNextTickAsync(cancellation));
    }
}
