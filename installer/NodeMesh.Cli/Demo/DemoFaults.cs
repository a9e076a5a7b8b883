using NodeMesh.Cli.Demo.Mesh;

namespace NodeMesh.Cli.Demo;

/// <summary>Five things that go wrong in real clusters. Each is made for real by a key, and taken back by the same key.</summary>
internal sealed class DemoFaults
{
    private readonly HashSet<char> _made = [];

    public DemoFaults(DemoCast cast, DemoServers servers, ResourceDirectory resources)
    {
        var cache = cast.Service("cache");
        var prices = cast.Service("prices");
        All =
        [
            new('1', "version 1 of web answers 500", DemoCast.Web, () => servers.Fail(cast.WebV1), () => servers.Mend(cast.WebV1)),
            new('2', "the selector of cache has a typo", cache.Name, () => resources.Declare(cache with { App = "reddis" }), () => resources.Declare(cache)),
            new('3', "prices has the wrong targetPort", prices.Name, () => resources.Declare(prices with { TargetPort = 9001 }), () => resources.Declare(prices)),
            new('4', "a policy denies frontend the pods of web", DemoCast.Web, resources.Deny, resources.Allow),
            new('5', "the route of web names a Service that is not there", DemoCast.Web, () => resources.RouteTo("web-stabel"), () => resources.RouteTo(DemoCast.Stable)),
        ];
    }

    public IReadOnlyList<DemoFault> All { get; }

    public bool IsMade(DemoFault fault) => _made.Contains(fault.Key);

    /// <summary>Makes the fault of a key, or takes it back. Other keys do nothing.</summary>
    public void Press(char key)
    {
        if (All.FirstOrDefault(fault => fault.Key == key) is not { } fault)
        {
            return;
        }
        if (_made.Add(key))
        {
            fault.Make();
        }
        else
        {
            _made.Remove(key);
            fault.TakeBack();
        }
    }

    /// <summary>The keys typed since the last call; none where nobody can type.</summary>
    public static IEnumerable<char> Typed()
    {
        while (!Console.IsInputRedirected && Console.KeyAvailable)
        {
            yield return Console.ReadKey(intercept: true).KeyChar;
        }
    }
}

/// <param name="Of">The Service whose diagnosis says so.</param>
internal sealed record DemoFault(char Key, string What, string Of, Action Make, Action TakeBack);
