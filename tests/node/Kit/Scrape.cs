using System.Globalization;

namespace NodeMesh.NodeTests.Kit;

/// <summary>One scrape of /metrics (Prometheus text format).</summary>
public sealed record Scrape(IReadOnlyList<Sample> Samples)
{
    public static Scrape Parse(string text) =>
        new([.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(Sample.Parse)]);

    /// <summary>The sum of the series of this name that have all these labels; 0 when there is none.</summary>
    public double Sum(string name, params (string Name, string Value)[] labels) => Find(name, labels).Sum(sample => sample.Value);

    public IEnumerable<Sample> Find(string name, params (string Name, string Value)[] labels) =>
        Samples.Where(sample => sample.Name == name && labels.All(label => sample.Label(label.Name) == label.Value));
}

public sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    public string Label(string name) => Labels.GetValueOrDefault(name, "");

    public static Sample Parse(string line)
    {
        var value = double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        var open = line.IndexOf('{', StringComparison.Ordinal);
        if (open < 0)
        {
            return new Sample(line[..line.IndexOf(' ', StringComparison.Ordinal)], new Dictionary<string, string>(), value);
        }
        var labels = new Dictionary<string, string>();
        foreach (var label in line[(open + 1)..line.LastIndexOf('}')].Split("\",", StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = label.IndexOf('=', StringComparison.Ordinal);
            labels[label[..equals]] = label[(equals + 2)..].TrimEnd('"');
        }
        return new Sample(line[..open], labels, value);
    }
}
