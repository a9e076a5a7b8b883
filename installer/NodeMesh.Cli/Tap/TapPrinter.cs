using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Tap;

/// <summary>Prints what several agents tell, a line at a time.</summary>
/// <param name="most">Ends then; null: never.</param>
internal sealed class TapPrinter(bool asJson, int? most, CancellationTokenSource over)
{
    private readonly Lock _printing = new();
    private int _printed;

    public bool IsDone => most is not null && Volatile.Read(ref _printed) >= most;

    public void Print(JsonObject told, string line)
    {
        lock (_printing)
        {
            if (IsDone)
            {
                return;
            }
            if (asJson)
            {
                Console.WriteLine(line);
            }
            else
            {
                Console.WriteLine(told["left_out"] is { } leftOut ? $"... {leftOut} more were left out: narrow it down, or raise --rate" : TapLine.Of(told));
            }
            _printed += told["left_out"] is null ? 1 : 0;
            if (IsDone)
            {
                over.Cancel();
            }
        }
    }
}
