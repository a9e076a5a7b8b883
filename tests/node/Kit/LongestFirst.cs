using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace NodeMesh.NodeTests.Kit;

/// <summary>
/// Starts the collections whose tests may take longest first, by the limits they state: one that comes last runs alone while the other
/// processor has nothing to do.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly ILookup<string, Type> Classes = typeof(LongestFirst).Assembly.GetTypes()
        .Where(type => type is { IsClass: true, IsAbstract: false })
        .ToLookup(type => type.GetCustomAttribute<CollectionAttribute>()?.Name ?? type.FullName!);

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderByDescending(collection => Classes[Name(collection)].Sum(Limit))];

    // "Test collection for NAMESPACE.CLASS (id: …)" where a class is a collection of its own.
    private static string Name(ITestCollection collection)
    {
        var words = collection.TestCollectionDisplayName.Split(' ');
        return words is ["Test", "collection", "for", var name, ..] ? name : collection.TestCollectionDisplayName;
    }

    private static long Limit(Type type) => type.GetMethods()
        .Sum(method => (long)(method.GetCustomAttribute<FactAttribute>()?.Timeout ?? 0) * Math.Max(1, method.GetCustomAttributes<InlineDataAttribute>().Count()));
}
