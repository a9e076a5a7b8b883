using System.Text;
using NodeMesh.Bench.Works;

namespace NodeMesh.Bench.Reporting;

/// <summary>The README's section "Numbers".</summary>
internal static class Markdown
{
    private const string Begin = "<!-- numbers: begin -->";
    private const string End = "<!-- numbers: end -->";

    public static string Write(Report report)
    {
        var text = new StringBuilder();
        text.AppendLine($"Measured by `make bench` on {report.Machine}: {report.Rounds} rounds of {report.Seconds:0.#} s for each figure, the systems in turns.");
        text.AppendLine().AppendLine(Grid.Legend).AppendLine();
        foreach (var system in report.Systems)
        {
            text.AppendLine($"- `{system.Name}`: {system.Description}");
        }
        foreach (var work in report.Works)
        {
            text.AppendLine().AppendLine($"**{Grid.Title(work)}**").AppendLine();
            Table(text, Grid.Columns, work.Systems.Select(s => Grid.Row(work, s)));
        }
        if (report.Memory.Count > 0)
        {
            text.AppendLine().AppendLine($"**Memory**, fresh and for each of {report.IdleConnections} connections that did one round trip and then nothing for {IdleMemory.Idle.TotalSeconds} s (PSS; without the kernel's socket memory)").AppendLine();
            Table(text, Grid.MemoryColumns, report.Memory.Select(Grid.Row));
        }
        if (report.Scale.Count > 0)
        {
            text.AppendLine().AppendLine($"**A large mesh.** {Grid.ScaleLegend}").AppendLine();
            Table(text, Grid.ScaleColumns, report.Scale.Select(Grid.Row));
        }
        if (report.Observers is { } observers)
        {
            text.AppendLine().AppendLine($"**Observers.** {Grid.ObserverTitle}. {Grid.ObserverLegend(observers)}").AppendLine();
            Table(text, Grid.ObserverColumns, observers.Results.Select(Grid.Row));
        }
        foreach (var remark in Grid.Remarks(report))
        {
            text.AppendLine().AppendLine($"No figures for {remark}.");
        }
        return text.ToString();
    }

    /// <summary>The document with the figures between the two marks; without the marks, the figures alone.</summary>
    public static string Replace(string document, string figures)
    {
        var begin = document.IndexOf(Begin, StringComparison.Ordinal);
        var end = document.IndexOf(End, StringComparison.Ordinal);
        return begin < 0 || end < begin ? figures : $"{document[..(begin + Begin.Length)]}\n{figures}{document[end..]}";
    }

    private static void Table(StringBuilder text, string[] columns, IEnumerable<string[]> rows)
    {
        text.AppendLine($"| {string.Join(" | ", columns)} |");
        text.AppendLine($"|---|{string.Concat(Enumerable.Repeat("---:|", columns.Length - 1))}");
        foreach (var row in rows)
        {
            text.AppendLine($"| {string.Join(" | ", row)} |");
        }
    }
}
