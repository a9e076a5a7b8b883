using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.UnitTests.Compiler.Policies;

/// <summary>Policies as somebody may write them, in JSON: everything they can say, by chance, and, if that is asked for, mistakes of every kind.</summary>
internal sealed class RandomPolicyText(Random random, bool hasMistakes)
{
    private static readonly string[] Mistakes = ["null", "-1", "0", "99999", "2147483648", "0.5", "true", "\"\"", "\"nonsense\"", "\"%\"", "[]", "[null]", "[7]", "{}"];

    public static IReadOnlyList<string> Kinds { get; } = [PolicyApi.TrafficPolicy, PolicyApi.TelemetryPolicy, PolicyApi.EgressPolicy];

    public string Of(string kind, string home, string name)
    {
        var spec = kind switch
        {
            PolicyApi.TrafficPolicy => Traffic(),
            PolicyApi.TelemetryPolicy => Telemetry(),
            _ => Egress(),
        };
        return $$"""{"apiVersion":"nodemesh.io/v1alpha1","kind":"{{kind}}","metadata":{"name":"{{name}}","namespace":"{{home}}"},"spec":{{All([("targetRefs", Targets(home)), .. spec])}}}""";
    }

    private IEnumerable<(string, string)> Traffic() => Some(
        ("loadBalancing", Balancing()),
        ("circuitBreaker", All([("maxRequests", Number(1, 9)), .. Some(("maxConnections", Number(1, 9)), ("maxPendingRequests", Number(1, 9)), ("maxRetries", Number(1, 9)))])),
        ("outlierDetection", All(Some(
            ("consecutiveErrors", Number(1, 9)), ("consecutiveGatewayErrors", Number(1, 9)), ("baseEjectionTime", Duration()), ("maxEjectionTime", Duration()),
            ("maxEjectionPercent", Number(0, 100)), ("panicThresholdPercent", Number(0, 100)),
            ("successRate", All(Some(("interval", Duration()), ("minimumEndpoints", Number(2, 9)), ("minimumRequests", Number(1, 9)), ("standardDeviations", Word("0.5", "3")))))))),
        ("timeouts", All(Some(("connect", Duration()), ("idle", Duration()), ("keepAlive", Duration())))),
        ("upstreamProtocol", Text("AsClient", "HTTP1", "HTTP2")),
        ("healthCheck", All([
            One(("http", All([("path", Text("/", "/z?q"))])), ("grpc", All(Some(("service", Text("a.B"))))), ("tcp", "{}")),
            .. Some(("interval", Duration()), ("timeout", Duration()), ("healthyThreshold", Number(1, 9)), ("unhealthyThreshold", Number(1, 9)), ("port", Number(1, 9)))])),
        ("hedging", All([("delay", Duration()), .. Some(("percent", Number(1, 100)))])));

    private string Balancing() => All([
        .. random.Next(2) == 0
            ? [("algorithm", Text("LeastRequest", "RoundRobin", "Random"))]
            : new[]
            {
                ("algorithm", Text("ConsistentHash")),
                ("consistentHash", All([One(("header", Text("x-user")), ("cookie", Text("user")), ("queryParam", Text("user")), ("sourceIP", "true")), .. Some(("boundedLoadPercent", Number(101, 200)))])),
            },
        .. Some(("locality", Text("None", "PreferZone", "PreferNode")), ("slowStart", All([("window", Duration())])))]);

    private IEnumerable<(string, string)> Telemetry()
    {
        var log = ("accessLog", All([
            .. Some(One(("file", Text("a.log", "b")), ("collector", Collector()), ("format", Text("%PATH%", "%REQ(x-user)%%%")))),
            .. hasMistakes ? Some(("maxFileSize", Text("1Ki", "7Ti")), ("requestHeaders", List(() => Text("x-user", "x user")))) : [],
            .. Some(
                ("filter", All(Some(("statuses", List(() => Word("404", "\"503\"", "\"5xx\""))), ("minDuration", Duration()), ("errorsOnly", Word("true", "false"))))),
                ("percentage", Word("0", "0.5", "100")))]));
        var tracing = ("tracing", All([("collector", Collector()), .. Some(("percentage", Word("0", "0.01", "100")))]));
        return random.Next(3) switch { 0 => [log], 1 => [tracing], _ => [log, tracing] };
    }

    private string Collector() => All([("name", Text("s0", "s2")), ("port", Number(80, 81)), .. Some(("namespace", Text("a", "b")), ("protocol", Text("GRPC", "HTTP")))]);

    private IEnumerable<(string, string)> Egress() => Some(
        ("mode", Text("Enforce", "Audit")),
        ("allow", List(() => All(Some(
            ("hosts", List(() => Text("a.example", "*.b.example"))), ("cidrs", List(() => Text("10.0.0.0/8", "fd00::1"))), ("ports", List(() => Number(1, 99))))))));

    private string Targets(string home) => $"[{string.Join(',', Enumerable.Range(0, 1 + random.Next(2)).Select(_ => Word(
        $$"""{"kind":"Service","name":"s{{random.Next(3)}}"}""",
        """{"kind":"Service","name":"s0","sectionName":"http"}""",
        $$"""{"kind":"Namespace","name":"{{home}}"}""",
        """{"group":"nodemesh.io","kind":"Mesh","name":"mesh"}""",
        $$"""{"group":"gateway.networking.k8s.io","kind":"HTTPRoute","name":"r{{random.Next(4)}}"}""")))}]";

    private string Duration() => Text("1ms", "250ms", "30s", "1h30m");

    private string Text(params string[] words) => Word([.. words.Select(word => $"\"{word}\"")]);

    private string Number(int least, int most) => Word($"{random.Next(least, most + 1)}");

    private string List(Func<string> item) => Word($"[{string.Join(',', Enumerable.Range(0, random.Next(3)).Select(_ => item()))}]");

    private string Word(params string[] words) => hasMistakes && random.Next(20) == 0 ? Mistakes[random.Next(Mistakes.Length)] : words[random.Next(words.Length)];

    private string All(IEnumerable<(string Name, string Value)> fields) => Word($"{{{string.Join(',', fields.Select(field => $"\"{field.Name}\":{field.Value}"))}}}");

    private (string Name, string Value) One(params (string Name, string Value)[] fields) => fields[random.Next(fields.Length)];

    private IEnumerable<(string Name, string Value)> Some(params (string Name, string Value)[] fields) => [.. fields.Where(_ => random.Next(2) == 0)];
}
