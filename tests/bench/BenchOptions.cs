namespace NodeMesh.Bench;

internal sealed record BenchOptions
{
    public required double Seconds { get; init; }
    public required int Rounds { get; init; }
    public required IReadOnlyList<string> Only { get; init; }
    public required int IdleConnections { get; init; }
    public required string Binaries { get; init; }
    public string? Json { get; init; }
    public string? Markdown { get; init; }

    public string JsonPath => Json ?? Path.Combine(Binaries, "bench.json");

    /// <summary>out/ of the repository that this program was built from, else of the current directory.</summary>
    public static string DefaultBinaries()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "NodeMesh.sln")))
            {
                return Path.Combine(directory.FullName, "out");
            }
        }
        return Path.GetFullPath("out");
    }
}
