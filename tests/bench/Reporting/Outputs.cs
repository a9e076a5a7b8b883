namespace NodeMesh.Bench.Reporting;

internal static class Outputs
{
    public static async Task WriteAsync(Report report, BenchOptions options)
    {
        Progress.Clear();
        Terminal.Write(report);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.JsonPath))!);
        await File.WriteAllTextAsync(options.JsonPath, Json.Write(report));
        if (options.Markdown is { } markdown)
        {
            var old = File.Exists(markdown) ? await File.ReadAllTextAsync(markdown) : "";
            await File.WriteAllTextAsync(markdown, Markdown.Replace(old, Markdown.Write(report)));
        }
        await Console.Error.WriteLineAsync($"written to {options.JsonPath}{(options.Markdown is null ? "" : $" and {options.Markdown}")}");
    }
}
