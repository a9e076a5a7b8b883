using NodeMesh.Proxy.Routing;

namespace NodeMesh.UnitTests.Routing;

/// <summary>The header fields of a made-up request.</summary>
internal sealed class TestFields(params (string Name, string Value)[] fields) : IRequestFields
{
    public string? Find(string name)
    {
        var values = fields.Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(field => field.Value).ToList();
        return values.Count == 0 ? null : string.Join(",", values);
    }
}
