using NodeMesh.TestApiServer.Serving;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Selecting;

/// <summary>The label and field selectors of a request, and its namespace.</summary>
public sealed class Selector
{
    private readonly List<Func<StoredObject, bool>> _rules = [];

    /// <exception cref="ApiRefusalException">A selector is not understood, or names a field that the type does not offer.</exception>
    public Selector(ResourceType type, string ns, string labels, string fields)
    {
        if (ns.Length > 0)
        {
            _rules.Add(it => it.Namespace == ns);
        }
        foreach (var term in Terms(fields))
        {
            var (field, value, isEqual) = Split(term);
            if (field is not ("metadata.name" or "metadata.namespace") && !type.SelectableFields.Contains(field))
            {
                throw new ApiRefusalException(400, "BadRequest", $"field label not supported: {field}");
            }
            _rules.Add(it => it.Fields.GetValueOrDefault(field, "") == value == isEqual);
        }
        foreach (var term in Terms(labels))
        {
            _rules.Add(Label(term));
        }
    }

    public bool Matches(StoredObject? it) => it is not null && _rules.TrueForAll(rule => rule(it));

    private static Func<StoredObject, bool> Label(string term)
    {
        if (term.IndexOf(" in (", StringComparison.Ordinal) is > 0 and var at)
        {
            var isIn = !term[..at].EndsWith(" not", StringComparison.Ordinal);
            var key = isIn ? term[..at] : term[..(at - 4)];
            var values = term[(at + 5)..].TrimEnd(')').Split(',', StringSplitOptions.TrimEntries);
            return it => isIn ? it.Labels.TryGetValue(key, out var value) && values.Contains(value) : !it.Labels.TryGetValue(key, out value) || !values.Contains(value);
        }
        if (term.IndexOf(" notin (", StringComparison.Ordinal) is > 0 and var notAt)
        {
            var values = term[(notAt + 8)..].TrimEnd(')').Split(',', StringSplitOptions.TrimEntries);
            return it => !it.Labels.TryGetValue(term[..notAt], out var value) || !values.Contains(value);
        }
        if (!term.Contains('='))
        {
            return term.StartsWith('!') ? it => !it.Labels.ContainsKey(term[1..]) : it => it.Labels.ContainsKey(term);
        }
        var (label, wanted, isEqual) = Split(term);
        return isEqual
            ? it => it.Labels.TryGetValue(label, out var value) && value == wanted
            : it => !it.Labels.TryGetValue(label, out var value) || value != wanted;
    }

    private static (string Key, string Value, bool IsEqual) Split(string term)
    {
        var at = term.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0)
        {
            throw new ApiRefusalException(400, "BadRequest", $"invalid selector: {term}");
        }
        var isEqual = term[at - 1] != '!';
        return (term[..(isEqual ? at : at - 1)].Trim(), term[at..].TrimStart('=').Trim(), isEqual);
    }

    private static IEnumerable<string> Terms(string text)
    {
        var (depth, start) = (0, 0);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                if (i > start)
                {
                    yield return text[start..i].Trim();
                }
                start = i + 1;
            }
            else if (text[i] is '(' or ')')
            {
                depth += text[i] == '(' ? 1 : -1;
            }
        }
    }
}
