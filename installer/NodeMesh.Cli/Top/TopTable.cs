using NodeMesh.Cli.Demo.Screen;
using Spectre.Console;

namespace NodeMesh.Cli.Top;

/// <summary>Rows as a table.</summary>
internal static class TopTable
{
    public static Table Of(string by, IReadOnlyList<TopRow> rows, int most)
    {
        var table = new Table().Border(TableBorder.Horizontal).BorderColor(Color.Grey);
        table.AddColumn(new TableColumn(by).NoWrap());
        string[] columns = by == "pod" ? ["proxy CPU", "bytes/s", "open"] : ["rate", "success", "p50", "p99", "bytes/s"];
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        }
        foreach (var row in rows.Take(most))
        {
            table.AddRow(by == "pod"
                ? [new Text(row.Name), new Text($"{row.Cpu * 100:0.0} %"), Bytes(row), new Text($"{row.Open:0}")]
                : [new Text(row.Name), new Text($"{row.Rate:0.0} {(row.IsRequests ? "req/s" : "conn/s")}"), Share(row.Success), Time(row.Median), Time(row.Percentile99), Bytes(row)]);
        }
        return table;
    }

    private static Text Bytes(TopRow row) => new(Quantity.Bytes(row.BytesPerSecond));

    private static Text Time(double? seconds) => new(Quantity.Time(seconds is { } time ? TimeSpan.FromSeconds(time) : null));

    private static Text Share(double? share) => share switch
    {
        null => new Text("-"),
        >= 1 => new Text("100 %", new Style(Color.Green)),
        // Never rounded up to 100 %.
        var part => new Text($"{Math.Floor(part.Value * 1000) / 10:0.0} %", new Style(Color.Red)),
    };
}
