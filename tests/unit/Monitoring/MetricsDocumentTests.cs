using Xunit;

namespace NodeMesh.UnitTests.Monitoring;

public sealed class MetricsDocumentTests
{
    private static readonly string File = Path.Combine(Repository.Root, "docs/metrics.md");

    [Fact(Timeout = 20_000)]
    public async Task The_document_has_every_metric_as_the_code_exports_it()
    {
        var document = MetricsCatalogue.Document(await MetricsCatalogue.ReadAsync());
        if (Environment.GetEnvironmentVariable("NODEMESH_WRITE_DOCS") == "1")
        {
            await System.IO.File.WriteAllTextAsync(File, document);
        }

        Assert.True(await System.IO.File.ReadAllTextAsync(File) == document, "docs/metrics.md differs from the code: NODEMESH_WRITE_DOCS=1 tests/run -class '*MetricsDocumentTests' writes it anew");
    }

    [Fact(Timeout = 20_000)]
    public async Task Names_follow_the_conventions_of_Prometheus_and_help_texts_are_sentences()
    {
        foreach (var family in await MetricsCatalogue.ReadAsync())
        {
            Assert.True(family.Name.EndsWith("_total", StringComparison.Ordinal) == (family.Type == "counter"), $"{family.Name} is a {family.Type}");
            Assert.Matches("^[A-Z0-9].*\\.$", family.Help);
            Assert.DoesNotMatch("milli|micro|kilo|_ms\\b|_minutes", family.Name);
        }
    }
}
