using System.Globalization;
using FsCheck.Xunit;
using NodeMesh.Agent.Compiler;
using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;
using NodeMesh.UnitTests.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Compiler.Routes;

/// <summary>What the compiler and the proxy make of any routes together, against the Gateway API's rules spelt out one by one.</summary>
public class PrecedenceProperties
{
    private static readonly string[] Paths = ["/", "/a", "/a/b", "/ab"];

    [Property(MaxTest = 300, StartSize = 5, EndSize = 40)]
    public void The_rule_that_decides_is_the_one_the_specification_says(int[] choices, int seed)
    {
        var rules = choices.Take(15).Select((choice, at) => Candidate.Random(new Random(unchecked((choice * 31) + at)), at)).ToList();
        var yaml = rules.GroupBy(rule => rule.Route).Select(route => RouteYaml.Route(
            string.Join(", ", route.Select(rule => rule.Yaml)), route.Key, metadata: $"creationTimestamp: 2024-01-0{1 + (route.Key[1] - '0')}T00:00:00Z"));
        var compilation = RouteYaml.Compile([.. yaml]);
        var random = new Random(seed);
        for (var turn = 0; turn < 20; turn++)
        {
            var request = new RequestHead(
                random.Next(2) == 0 ? "GET" : "PUT", Paths[random.Next(Paths.Length)] + (random.Next(2) == 0 ? "?q=1" : ""), "web", false,
                random.Next(2) == 0 ? new TestFields(("x", "1"), ("y", "1")) : null);
            var table = compilation.Content.Routes.TryGetValue("shop/web", out var routes) ? new RouteTableEntry(routes.Tables.Single()) : null;
            var decided = table?.Find(request)?.Rule.Rule;

            Assert.Equal(Naive(rules, request)?.Name, decided?.Name);
        }
    }

    // The best of all that match, each pair compared criterion by criterion.
    private static Candidate? Naive(List<Candidate> rules, RequestHead request)
    {
        Candidate? best = null;
        foreach (var rule in rules.Where(rule => rule.Matches(request)))
        {
            best = best is null || rule.IsBefore(best) ? rule : best;
        }
        return best;
    }

    private sealed record Candidate(string Route, int At, string? Exact, string? Prefix, string? Method, int Headers, bool Query)
    {
        public string Name => $"n{At.ToString(CultureInfo.InvariantCulture)}";

        public string Yaml
        {
            get
            {
                var path = Exact is not null ? $"path: {{type: Exact, value: {Exact}}}" : $"path: {{type: PathPrefix, value: {Prefix}}}";
                var method = Method is null ? "" : $", method: {Method}";
                var headers = $", headers: [{string.Join(", ", new[] { "x", "y" }.Take(Headers).Select(name => $"{{name: {name}, value: '1'}}"))}]";
                var query = Query ? ", queryParams: [{name: q, value: '1'}]" : "";
                return $"{{name: {Name}, matches: [{{{path}{method}{headers}{query}}}], {RouteYaml.ToV1}}}";
            }
        }

        public static Candidate Random(Random random, int at)
        {
            var path = Paths[random.Next(Paths.Length)];
            var isExact = random.Next(3) == 0;
            return new Candidate(
                $"r{random.Next(4)}", at, isExact ? path : null, isExact ? null : path, random.Next(2) == 0 ? null : "GET", random.Next(3), random.Next(2) == 0);
        }

        public bool Matches(RequestHead request)
        {
            var path = request.Target.Split('?')[0];
            var isPath = Exact is not null ? path == Exact : Prefix == "/" || path == Prefix || path.StartsWith($"{Prefix}/", StringComparison.Ordinal);
            return isPath && (Method is null || Method == request.Method) && (Headers == 0 || request.Fields is not null)
                && (!Query || request.Target.EndsWith("?q=1", StringComparison.Ordinal));
        }

        public bool IsBefore(Candidate other)
        {
            if ((Exact is null) != (other.Exact is null))
            {
                return Exact is not null;
            }
            if (Exact is null && Prefix!.Length != other.Prefix!.Length)
            {
                return Prefix.Length > other.Prefix.Length;
            }
            if ((Method is null) != (other.Method is null))
            {
                return Method is not null;
            }
            if (Headers != other.Headers)
            {
                return Headers > other.Headers;
            }
            if (Query != other.Query)
            {
                return Query;
            }
            // The age of the routes goes with their names here; then the order of the rules.
            return Route != other.Route ? string.CompareOrdinal(Route, other.Route) < 0 : At < other.At;
        }
    }
}
