using System.Globalization;
using System.Text;

namespace NodeMesh.Cli.Metrics;

/// <summary>Reads the Prometheus text format 0.0.4. Lines it cannot read are left out: one odd series must not hide the others.</summary>
internal static class MetricsText
{
    public static IReadOnlyList<MetricSample> Parse(string text)
    {
        var samples = new List<MetricSample>();
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (TryParseLine(line.Trim(), out var sample))
            {
                samples.Add(sample!);
            }
        }
        return samples;
    }

    // name{label="value",...} value [timestamp]
    private static bool TryParseLine(ReadOnlySpan<char> line, out MetricSample? sample)
    {
        sample = null;
        var nameEnd = line.IndexOfAny("{ \t");
        if (nameEnd <= 0 || line[0] == '#')
        {
            return false;
        }
        var labels = new Dictionary<string, string>();
        var rest = line[nameEnd..];
        if (rest[0] == '{' && !TryParseLabels(ref rest, labels))
        {
            return false;
        }
        rest = rest.Trim();
        var valueEnd = rest.IndexOfAny(" \t");
        if (!TryParseValue(valueEnd < 0 ? rest : rest[..valueEnd], out var value))
        {
            return false;
        }
        sample = new MetricSample(line[..nameEnd].ToString(), labels, value);
        return true;
    }

    // Leaves `rest` after the closing brace.
    private static bool TryParseLabels(ref ReadOnlySpan<char> rest, Dictionary<string, string> labels)
    {
        rest = rest[1..].TrimStart();
        while (rest.Length > 0 && rest[0] != '}')
        {
            var equals = rest.IndexOf("=\"");
            if (equals < 0)
            {
                return false;
            }
            var label = rest[..equals].Trim().ToString();
            rest = rest[(equals + 2)..];
            var value = new StringBuilder();
            while (rest.Length > 0 && rest[0] != '"')
            {
                var escaped = rest[0] == '\\' && rest.Length > 1;
                value.Append(escaped ? rest[1] == 'n' ? '\n' : rest[1] : rest[0]);
                rest = rest[(escaped ? 2 : 1)..];
            }
            if (rest.Length == 0)
            {
                return false;
            }
            labels[label] = value.ToString();
            rest = rest[1..].TrimStart(" \t,");
        }
        if (rest.Length == 0)
        {
            return false;
        }
        rest = rest[1..];
        return true;
    }

    private static bool TryParseValue(ReadOnlySpan<char> text, out double value)
    {
        value = text switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            _ => double.NaN,
        };
        return !double.IsNaN(value) || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }
}
