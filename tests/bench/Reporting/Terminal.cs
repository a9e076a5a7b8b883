using Spectre.Console;

namespace NodeMesh.Bench.Reporting;

internal static class Terminal
{
    private const int PlainWidth = 160;

    public static void Write(Report report)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = PlainWidth; // a pipe has no width, and 80 columns would break every row
        }
        console.WriteLine(report.Machine.ToString());
        if (report.Works.Count > 0)
        {
            Works(console, report);
        }
        if (report.Memory.Count > 0)
        {
            var memory = NewTable(Grid.MemoryColumns);
            foreach (var row in report.Memory)
            {
                memory.AddRow(Grid.Row(row).Select(c => new Text(c, Style(row.System, row.Error is null))));
            }
            console.Write(memory);
        }
        if (report.Scale.Count > 0)
        {
            var scale = NewTable(Grid.ScaleColumns);
            foreach (var row in report.Scale)
            {
                scale.AddRow(Grid.Row(row).Select(c => new Text(c)));
            }
            console.Write(scale);
            console.WriteLine(Grid.ScaleLegend);
        }
        if (report.Observers is { } observers)
        {
            var table = NewTable(Grid.ObserverColumns);
            foreach (var row in observers.Results)
            {
                table.AddRow(Grid.Row(row).Select(c => new Text(c)));
            }
            console.WriteLine(Grid.ObserverTitle);
            console.Write(table);
            console.WriteLine(Grid.ObserverLegend(observers));
        }
        foreach (var work in report.Works)
        {
            console.WriteLine(Grid.Title(work));
        }
        if (report.Works.Count > 0)
        {
            console.WriteLine(Grid.Legend);
        }
        foreach (var system in report.Works.Count + report.Memory.Count > 0 ? report.Systems : [])
        {
            console.WriteLine($"{system.Name}: {system.Description}");
        }
        foreach (var remark in Grid.Remarks(report))
        {
            console.WriteLine($"No figures for {remark}");
        }
    }

    private static void Works(IAnsiConsole console, Report report)
    {
        var table = NewTable(["work", .. Grid.Columns]);
        foreach (var work in report.Works)
        {
            if (table.Rows.Count > 0)
            {
                table.AddEmptyRow();
            }
            foreach (var system in work.Systems)
            {
                var title = system == work.Systems[0] ? work.Work.Id : "";
                table.AddRow([new Text(title), .. Grid.Row(work, system).Select(c => new Text(c, Style(system.System, system.HasFigures)))]);
            }
        }
        console.Write(table);
    }

    private static Table NewTable(IReadOnlyList<string> columns)
    {
        var table = new Table().Border(Console.IsOutputRedirected ? TableBorder.Ascii : TableBorder.Rounded);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column)) { NoWrap = true, Alignment = column is "work" or "system" or "mesh" or "change" or "who is told" ? Justify.Left : Justify.Right });
        }
        return table;
    }

    private static Style Style(string system, bool hasFigures) =>
        !hasFigures ? new Style(foreground: Color.Grey)
        : system.StartsWith("nodemesh", StringComparison.Ordinal) ? new Style(foreground: Color.Green, decoration: Decoration.Bold)
        : Spectre.Console.Style.Plain;
}
