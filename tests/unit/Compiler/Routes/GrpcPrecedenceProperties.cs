using System.Globalization;
using FsCheck.Xunit;
using NodeMesh.Proxy.Routing;
using NodeMesh.UnitTests.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Compiler.Routes;

/// <summary>Which rule of any GRPCRoutes decides about a call, against the Gateway API's rules spelt out one by one.</summary>
public class GrpcPrecedenceProperties
{
    private static readonly string[] Services = ["a.B", "a.Long", "a.Other"];
    private static readonly string[] Methods = ["Get", "List", "GetEverything"];

    [Property(MaxTest = 300, StartSize = 5, EndSize = 40)]
    public void The_rule_that_decides_is_the_one_the_specification_says(int[] choices, int seed)
    {
        var rules = choices.Take(15).Select((choice, at) => Candidate.Random(new Random(unchecked((choice * 31) + at)), at)).ToList();
        var yaml = rules.GroupBy(rule => rule.Route).Select(route => RouteYaml.Route(
            string.Join(", ", route.Select(rule => rule.Yaml)), route.Key, kind: "GRPCRoute", parent: "{group: '', kind: Service, name: web, port: 7070}",
            metadata: $"creationTimestamp: 2024-01-0{1 + (route.Key[1] - '0')}T00:00:00Z"));
        var compilation = RouteYaml.Compile([.. yaml]);
        var table = compilation.Content.Routes.TryGetValue("shop/web", out var routes) ? new RouteTableEntry(routes.Tables.Single()) : null;
        var random = new Random(seed);
        for (var turn = 0; turn < 20; turn++)
        {
            var (service, method) = (Services[random.Next(Services.Length)], Methods[random.Next(Methods.Length)]);
            var hasFields = random.Next(2) == 0;
            var call = new RequestHead("POST", $"/{service}/{method}", "web", true, hasFields ? new TestFields(("x", "1"), ("y", "1")) : null);

            // The best of all that match, each pair compared criterion by criterion.
            Candidate? best = null;
            foreach (var rule in rules.Where(rule => (rule.Service ?? service) == service && (rule.Method ?? method) == method && (rule.Headers == 0 || hasFields)))
            {
                best = best is null || rule.IsBefore(best) ? rule : best;
            }
            Assert.Equal(best?.Name, table?.Find(call)?.Rule.Rule.Name);
        }
    }

    private sealed record Candidate(string Route, int At, string? Service, string? Method, int Headers)
    {
        public string Name => $"n{At.ToString(CultureInfo.InvariantCulture)}";

        public string Yaml
        {
            get
            {
                string?[] method = [Service is null ? null : $"service: {Service}", Method is null ? null : $"method: {Method}"];
                var named = string.Join(", ", method.OfType<string>());
                var headers = $"headers: [{string.Join(", ", new[] { "x", "y" }.Take(Headers).Select(name => $"{{name: {name}, value: '1'}}"))}]";
                return $"{{name: {Name}, matches: [{{{(named.Length == 0 ? "" : $"method: {{{named}}}, ")}{headers}}}], {RouteYaml.ToV1}}}";
            }
        }

        public static Candidate Random(Random random, int at) => new(
            $"r{random.Next(4)}", at, random.Next(3) == 0 ? null : Services[random.Next(Services.Length)], random.Next(3) == 0 ? null : Methods[random.Next(Methods.Length)], random.Next(3));

        public bool IsBefore(Candidate other)
        {
            if ((Service?.Length ?? 0) != (other.Service?.Length ?? 0))
            {
                return (Service?.Length ?? 0) > (other.Service?.Length ?? 0);
            }
            if ((Method?.Length ?? 0) != (other.Method?.Length ?? 0))
            {
                return (Method?.Length ?? 0) > (other.Method?.Length ?? 0);
            }
            if (Headers != other.Headers)
            {
                return Headers > other.Headers;
            }
            // The age of the routes goes with their names here; then the order of the rules.
            return Route != other.Route ? string.CompareOrdinal(Route, other.Route) < 0 : At < other.At;
        }
    }
}
