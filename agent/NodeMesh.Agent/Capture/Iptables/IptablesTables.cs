using System.Globalization;

namespace NodeMesh.Agent.Capture.Iptables;

/// <summary>What iptables-save -c says of one family in one pod, as far as it concerns the mesh.</summary>
internal sealed class IptablesTables
{
    private readonly HashSet<string> _tables = [];
    private readonly List<(string Table, string Rule, long Packets)> _rules = [];
    private readonly HashSet<string> _chains = [];
    private readonly HashSet<string> _busy = [];

    public static IptablesTables Parse(string saved)
    {
        var tables = new IptablesTables();
        var table = "";
        foreach (var line in saved.Split('\n'))
        {
            if (line.StartsWith('*'))
            {
                table = line[1..].Trim();
                tables._tables.Add(table);
            }
            else if (line.StartsWith(':'))
            {
                var fields = line[1..].Split(' ');
                tables._chains.Add(fields[0]);
                if (fields[1] != "ACCEPT")
                {
                    tables._busy.Add(table); // a chain somebody made, or a policy somebody set
                }
            }
            else if (line.StartsWith('[') && line.IndexOf("] -A ", StringComparison.Ordinal) is > 0 and var end)
            {
                var packets = long.Parse(line.AsSpan(1, line.IndexOf(':', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture);
                tables._rules.Add((table, line[(end + "] -A ".Length)..], packets));
                tables._busy.Add(table);
            }
        }
        return tables;
    }

    /// <summary>Whether the table is there.</summary>
    public bool Has(string table) => _tables.Contains(table);

    /// <summary>Whether a chain is there.</summary>
    public bool HasChain(string chain) => _chains.Contains(chain);

    /// <summary>Whether the table holds nothing but built-in chains that let everything pass.</summary>
    public bool IsEmpty(string table) => !_busy.Contains(table);

    public bool Has((string Table, string Rule) jump) => _rules.Any(rule => rule.Table == jump.Table && rule.Rule == jump.Rule);

    /// <summary>The comment at a chain's head; null without.</summary>
    public string? Comment(string chain)
    {
        var head = $"{chain} -m comment --comment ";
        return _rules.Where(rule => rule.Rule.StartsWith(head, StringComparison.Ordinal))
            .Select(rule => rule.Rule[head.Length..].Trim('"')).FirstOrDefault();
    }

    public int Size(string chain) => _rules.Count(rule => rule.Rule.StartsWith(chain + " ", StringComparison.Ordinal));

    /// <summary>The packets that rules with these words have matched.</summary>
    public long Packets(string chain, string words) => _rules
        .Where(rule => rule.Rule.StartsWith(chain + " ", StringComparison.Ordinal) && rule.Rule.Contains(words, StringComparison.Ordinal))
        .Sum(rule => rule.Packets);
}
