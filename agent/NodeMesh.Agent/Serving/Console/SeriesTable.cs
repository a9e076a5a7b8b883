using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>
/// Some of /metrics as the page reads it: each value of a label once, the buckets of a histogram in one row. The text says anew for every bucket who talks to whom,
/// which in a large mesh is megabytes at every look.
/// <code>{"families": [{"name": …, "labels": [name, …], "bounds": [le, …], "rows": [[index of a word, …, value, …], …]}, …], "words": [value of a label, …]}</code>
/// </summary>
internal sealed class SeriesTable
{
    private const string Buckets = "_bucket";
    private const string Bound = "le=\"";

    private readonly List<Family> _families = [];
    private readonly List<string> _words = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _indices = new Dictionary<string, int>().GetAlternateLookup<ReadOnlySpan<char>>();

    private sealed record Family(string Name)
    {
        public List<string> Labels { get; } = [];

        /// <summary>Of a histogram, as they are written.</summary>
        public List<string> Bounds { get; } = [];

        public List<(int[] Words, List<double> Values)> Rows { get; } = [];

        /// <summary>Of the last row, without "le".</summary>
        public string LastLabels { get; set; } = "";
    }

    /// <param name="exposition">In the Prometheus text format. Lines that make no sense are left out.</param>
    /// <param name="wanted">The names of the samples that are asked for.</param>
    public static ReadOnlyMemory<byte> Of(string exposition, IEnumerable<string> wanted)
    {
        var table = new SeriesTable();
        var names = wanted.ToHashSet().GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var line in exposition.AsSpan().EnumerateLines())
        {
            var nameEnd = line.IndexOfAny('{', ' ');
            if (nameEnd <= 0 || line[0] == '#' || !names.Contains(line[..nameEnd]))
            {
                continue;
            }
            var labelsEnd = line[nameEnd] == '{' ? line.LastIndexOf('}') : nameEnd;
            var value = line[(labelsEnd + 1)..].Trim();
            value = value.IndexOf(' ') is > 0 and var valueEnd ? value[..valueEnd] : value;
            if (labelsEnd >= nameEnd && double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            {
                table.Add(line[..nameEnd], labelsEnd == nameEnd ? [] : line[(nameEnd + 1)..labelsEnd], number);
            }
        }
        return table.Write();
    }

    private void Add(ReadOnlySpan<char> name, ReadOnlySpan<char> labels, double value)
    {
        if (_families.Count == 0 || !name.SequenceEqual(_families[^1].Name))
        {
            _families.Add(new Family(name.ToString()));
        }
        var family = _families[^1];
        // "le" is the last label.
        var bound = name.EndsWith(Buckets) ? labels.LastIndexOf(Bound) : -1;
        var own = bound < 0 ? labels : labels[..bound];
        if (family.Rows.Count == 0 || bound < 0 || !own.SequenceEqual(family.LastLabels))
        {
            family.Rows.Add((Words(own, family), []));
            family.LastLabels = own.ToString();
        }
        family.Rows[^1].Values.Add(value);
        if (bound >= 0 && family.Rows.Count == 1)
        {
            family.Bounds.Add(labels[(bound + Bound.Length)..].TrimEnd('"').ToString());
        }
    }

    // name="value",name="value",
    private int[] Words(ReadOnlySpan<char> labels, Family family)
    {
        var words = new List<int>();
        while (labels.IndexOf("=\"") is > 0 and var equals)
        {
            if (family.Rows.Count == 0)
            {
                family.Labels.Add(labels[..equals].ToString());
            }
            labels = labels[(equals + 2)..];
            var end = EndOfValue(labels);
            words.Add(IndexOf(labels[..end]));
            labels = labels[Math.Min(end + 1, labels.Length)..].TrimStart(',');
        }
        return [.. words];
    }

    private static int EndOfValue(ReadOnlySpan<char> text)
    {
        var at = 0;
        while (at < text.Length && text[at] != '"')
        {
            at += text[at] == '\\' ? 2 : 1;
        }
        return Math.Min(at, text.Length);
    }

    private int IndexOf(ReadOnlySpan<char> value)
    {
        if (!_indices.TryGetValue(value, out var index))
        {
            _indices[value] = index = _words.Count;
            _words.Add(Unescaped(value.ToString()));
        }
        return index;
    }

    private static string Unescaped(string value)
    {
        if (!value.Contains('\\', StringComparison.Ordinal))
        {
            return value;
        }
        var text = new StringBuilder();
        for (var i = 0; i < value.Length; i++)
        {
            text.Append(value[i] != '\\' || i + 1 == value.Length ? value[i] : value[++i] == 'n' ? '\n' : value[i]);
        }
        return text.ToString();
    }

    private ReadOnlyMemory<byte> Write()
    {
        var text = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(text);
        json.WriteStartObject();
        json.WriteStartArray("families");
        foreach (var family in _families)
        {
            json.WriteStartObject();
            json.WriteString("name", family.Name);
            WriteStrings(json, "labels", family.Labels);
            WriteStrings(json, "bounds", family.Bounds);
            json.WriteStartArray("rows");
            foreach (var (words, values) in family.Rows)
            {
                json.WriteStartArray();
                foreach (var word in words)
                {
                    json.WriteNumberValue(word);
                }
                foreach (var value in values)
                {
                    json.WriteNumberValue(value);
                }
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        WriteStrings(json, "words", _words);
        json.WriteEndObject();
        json.Flush();
        return text.WrittenMemory;
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }
        json.WriteEndArray();
    }
}
