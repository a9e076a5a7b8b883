using NodeMesh.Cli.Traffic;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace NodeMesh.Cli.Demo.Screen;

/// <summary>What a <see cref="DemoView"/> looks like.</summary>
internal static class DemoLayout
{
    // What the whole table needs; narrower terminals get it without lines, the Service column, and one column for bytes.
    private const int WideEnough = 106;

    private const int BarCells = 20;

    public static IRenderable Render(DemoView view, int width) =>
        new Rows([Heading(view), Table(view.Rows, width >= WideEnough), Canary(view.Canary, width >= WideEnough), Proof(view), .. view.Faults.Count == 0 ? [] : new[] { Faults(view.Faults) }]);

    private static Markup Heading(DemoView view)
    {
        var ends = view.Left is { } left ? $"ends in {Math.Max(0, Math.Ceiling(left.TotalSeconds)):0} s, or on Ctrl-C" : "runs until Ctrl-C";
        return Markup.FromInterpolated(
            $"[bold]NodeMesh[/]  pods captured [bold green]{view.Totals.PodsCaptured}/{view.Totals.PodsEnrolled}[/] by {view.Totals.CaptureMode}  connections {view.Totals.Connections:#,0}  [grey]{ends}[/]");
    }

    private static Table Table(IEnumerable<FlowRow> rows, bool wide)
    {
        var table = new Table().Border(wide ? TableBorder.Rounded : TableBorder.Horizontal).BorderColor(Color.Grey);
        Column[] columns = wide
            ? [From, To, Service, Protocol, Rate, Success, Median, Percentile99, Sent, Received]
            : [From, To, Protocol, Rate, Success, Median, Percentile99, Bytes];
        foreach (var column in columns)
        {
            var header = new TableColumn(column.Heading).NoWrap();
            header.Alignment = column.IsNumber ? Justify.Right : Justify.Left;
            if (!wide)
            {
                header.Padding = new Padding(0, 0, 1, 0);
            }
            table.AddColumn(header);
        }
        foreach (var row in rows)
        {
            table.AddRow(columns.Select(column => column.Cell(row)));
        }
        return table;
    }

    private sealed record Column(string Heading, bool IsNumber, Func<FlowRow, Text> Cell);

    private static Column From { get; } = new("from", false, row => new Text(row.Key.Source));

    private static Column To { get; } = new("to", false, row => new Text(Destination(row)));

    private static Column Service { get; } = new("Service", false, row => new Text(row.Key.ServiceName));

    private static Column Protocol { get; } = new("protocol", false, row => new Text(ProtocolName(row)));

    private static Column Rate { get; } = new("rate", true, row => new Text($"{row.Rate:0.0} {(row.HasRequests ? "req/s" : "conn/s")}"));

    private static Column Success { get; } = new("success", true, row => Share(row.Success));

    private static Column Median { get; } = new("p50", true, row => new Text(Quantity.Time(row.Median)));

    private static Column Percentile99 { get; } = new("p99", true, row => new Text(Quantity.Time(row.Percentile99)));

    private static Column Sent { get; } = new("sent", true, row => new Text(Quantity.Bytes(row.Sent)));

    private static Column Received { get; } = new("received", true, row => new Text(Quantity.Bytes(row.Received)));

    private static Column Bytes { get; } = new("bytes", true, row => new Text(Quantity.Bytes(row.Sent + row.Received)));

    private static Rows Canary(CanaryView canary, bool wide)
    {
        var share = canary.Share is { } measured ? $"{Math.Round(measured * 100):0} % measured" : "no requests";
        var cells = (int)Math.Round((canary.Share ?? 0) * BarCells);
        return new Rows(
            new Text(""),
            wide
                ? Markup.FromInterpolated(
                    $"[bold]canary[/]  web-v1 [grey]{new string('░', BarCells - cells)}[/][green]{new string('█', cells)}[/] web-v2 [bold]{canary.Weight} %[/], {share}  [grey]{canary.Message}[/]")
                : Markup.FromInterpolated($"[bold]canary[/]  web-v2 [bold]{canary.Weight} %[/], {share}  [grey]{canary.Message}[/]"));
    }

    private static Rows Proof(DemoView view)
    {
        var (before, enrolled, now) = (view.Proof.Before, view.Proof.Enrolled, view.Proof.Now);
        return new Rows(
            new Text(""),
            Markup.FromInterpolated(
                $"[bold]before[/]  {before.Requests:#,0} requests; by cluster IP {before.ToServices.Succeeded:#,0} of {before.ToServices.Requests:#,0} answered; the mesh saw [bold]{before.MeshConnections:#,0}[/] connections"),
            Markup.FromInterpolated(
                $"[bold]since[/]   {now.Requests - enrolled.Requests:#,0} requests; by cluster IP {now.ToServices.Succeeded - enrolled.ToServices.Succeeded:#,0} of {now.ToServices.Requests - enrolled.ToServices.Requests:#,0} answered; {now.Connections - enrolled.Connections:#,0} connections opened, the mesh saw [bold]{now.MeshConnections - enrolled.MeshConnections:#,0}[/]"),
            Markup.FromInterpolated(
                $"[grey]        by the same client processes ({string.Join(", ", view.ClientProcesses)}), never restarted, with nothing in them of the mesh[/]"));
    }

    private static Rows Faults(IReadOnlyList<FaultView> faults) => new(
    [
        new Text(""),
        new Markup("[bold]break it[/] with a key, and mend it with the same:"),
        .. faults.Select(fault => fault.Finds.Length == 0
            ? Markup.FromInterpolated($"  [bold]{fault.Key}[/]  {fault.What}")
            : Markup.FromInterpolated($"  [bold red]{fault.Key}  {fault.What}[/]  [grey]find it:[/] {fault.Finds}")),
    ]);

    // An HTTP connection to a cluster IP has no one destination: each of its requests has. This row is its bytes.
    private static string Destination(FlowRow row) =>
        row.Key is { Destination: "unknown", Service.Length: > 0 } && !row.HasRequests ? "cluster IP" : row.Key.Destination;

    private static string ProtocolName(FlowRow row) => row.Key.Protocol switch
    {
        "http1" => "HTTP/1.1",
        "http2" => row.IsGrpc ? "gRPC" : "HTTP/2",
        "tls" => "TLS",
        "opaque" => "TCP",
        var other => other,
    };

    private static Text Share(double? share) => share switch
    {
        null => new Text("-"),
        >= 1 => new Text("100 %", new Style(Color.Green)),
        // Never rounded up to 100 %.
        var part => new Text($"{Math.Floor(part.Value * 1000) / 10:0.0} %", new Style(Color.Red)),
    };
}
