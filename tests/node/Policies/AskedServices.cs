using System.Net;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>Services that the mesh asks about each request: an HTTP server in Python and gRPC servers of ASP.NET, in a pod of their own.</summary>
public sealed class AskedServices
{
    private const string HttpServer = """
        import http.server
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def answer(self):
                body = self.rfile.read(int(self.headers.get('content-length') or 0))
                good = self.headers.get('authorization') == 'Bearer good'
                text = b'' if good else b'who are you?'
                self.send_response(200 if good else 401)
                self.send_header('content-length', str(len(text)))
                self.send_header('x-why', 'no token')
                self.send_header('x-user', 'alice')
                self.send_header('x-saw', f"{self.command} {self.path} {self.headers['host']} {self.headers.get('x-more')} {self.headers.get('x-hidden')} {len(body)}")
                self.end_headers()
                self.wfile.write(text)
            do_GET = do_POST = answer
        http.server.ThreadingHTTPServer(('', 8088), Handler).serve_forever()
        """;

    [Fact(Timeout = 120_000)]
    public async Task An_HTTP_service_decides_and_when_it_is_gone_nobody_passes()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        var (pod, _) = await AskedAsync(shop);
        var server = await pod.StartAsync(8088, "python3", "-c", HttpServer);
        Route(shop, "{protocol: HTTP, backendRef: {name: asked, port: 80}, http: {path: /auth, allowedHeaders: [x-more], allowedResponseHeaders: [x-user, x-saw]}, forwardBody: {maxSize: 1000}}");

        var refused = await Eventually.HoldsAsync("it is asked", () => CallAsync(shop, "/a?b=c"), result => result.Status == 401);
        Assert.Equal(("who are you?", "no token", "denied"), (refused.Text, refused.Headers!["x-why"], refused.Headers["nodemesh-error"]));

        var passed = await CallAsync(shop, "/a?b=c", 7, "authorization: Bearer good", "x-more: 1", "x-hidden: 2", "x-user: mallory");
        Assert.True(passed.Ok, $"{passed.Status} {passed.Error}");
        Assert.Equal("alice", passed.Server!.Headers!["x-user"]);
        Assert.Equal("POST /auth/a?b=c shop.example 1 None 7", passed.Server.Headers!["x-saw"]);
        Assert.False(passed.Server.Headers!.ContainsKey("x-why"));
        Assert.Equal(7, passed.Server.Bytes); // and the app has the body too

        Assert.Equal(413, (await CallAsync(shop, "/", 1001, "authorization: Bearer good")).Status);

        await pod.StopAsync(server);
        var closed = await CallAsync(shop, "/", 0, "authorization: Bearer good");
        Assert.Equal((403, "external_auth"), (closed.Status, closed.Headers!["nodemesh-error"]));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_gRPC_service_decides_and_when_it_is_gone_nobody_passes()
    {
        await using var shop = await SmallShop.CreateAsync("iptables");
        var (pod, server) = await AskedAsync(shop);
        Route(shop, "{protocol: GRPC, backendRef: {name: asked, port: 82}, forwardBody: {maxSize: 1000}}");

        var refused = await Eventually.HoldsAsync("it is asked", () => CallAsync(shop, "/a?b=c"), result => result.Status == 401);
        Assert.Equal(("who are you?", "no token", "denied"), (refused.Text, refused.Headers!["x-why"], refused.Headers["nodemesh-error"]));

        var passed = await CallAsync(shop, "/a?b=c", 7, "x-token: good", "x-list: one", "x-user: mallory");
        Assert.True(passed.Ok, $"{passed.Status} {passed.Error}");
        Assert.Equal(("alice", "yes"), (passed.Server!.Headers!["x-user"], passed.Headers!["x-checked"]));
        Assert.Contains("more", passed.Server.Headers!["x-list"], StringComparison.Ordinal);
        Assert.Contains("one", passed.Server.Headers!["x-list"], StringComparison.Ordinal);
        Assert.False(passed.Server.Headers!.ContainsKey("x-token"));
        Assert.Equal($"POST /a?b=c shop.example 7 default/client {shop.Client.V4}", passed.Server.Headers!["x-saw"]);
        Assert.Equal(7, passed.Server.Bytes);

        await pod.StopAsync(server);
        var closed = await CallAsync(shop, "/", 0, "x-token: good");
        Assert.Equal((403, "external_auth"), (closed.Status, closed.Headers!["nodemesh-error"]));
        Assert.Equal(1, (await shop.Agent.ScrapeAsync()).Sum("nodemesh_asked_services_failed_total", ("service", "default/asked"), ("question", "authorization")));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_rate_limit_service_counts_and_when_it_is_gone_the_policy_says_what_becomes_of_requests()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        var (pod, server) = await AskedAsync(shop);
        Limit(shop, "Open");

        var passed = await Eventually.HoldsAsync("it is asked", () => CallAsync(shop, "/", 0, "x-user: first"), result => result.Server?.Headers?.ContainsKey("x-asked") == true);
        Assert.Equal(("shop", "us"), (passed.Server!.Headers!["x-asked"], passed.Headers!["x-limited-by"]));
        Assert.True((await CallAsync(shop, "/", 0, "x-user: first")).Ok);
        Assert.True((await CallAsync(shop, "/", 0, "x-user: first")).Ok);
        var refused = await CallAsync(shop, "/", 0, "x-user: first");
        Assert.Equal((429, "rate_limited", "1800"), (refused.Status, refused.Headers!["nodemesh-error"], refused.Headers["retry-after"]));
        Assert.Equal(("\"three\";q=3;w=3600", "\"three\";r=0;t=1800"), (refused.Headers["ratelimit-policy"], refused.Headers["ratelimit"]));
        Assert.True((await CallAsync(shop, "/", 0, "x-user: second")).Ok);
        Assert.False((await CallAsync(shop, "/")).Server!.Headers!.ContainsKey("x-asked")); // without the header there is nothing to ask

        await pod.StopAsync(server);
        Assert.True((await CallAsync(shop, "/", 0, "x-user: first")).Ok);
        Assert.Equal(1, (await shop.Agent.ScrapeAsync()).Sum("nodemesh_asked_services_failed_total", ("service", "default/asked"), ("question", "rate_limit")));
        Limit(shop, "Closed");
        var closed = await Eventually.HoldsAsync("it is closed", () => CallAsync(shop, "/", 0, "x-user: first"), result => result.Status == 503);
        Assert.Equal("rate_limit_unavailable", closed.Headers!["nodemesh-error"]);
    }

    private static async Task<(TestPod Pod, ChildProcess Server)> AskedAsync(SmallShop shop)
    {
        var pod = await shop.Node.AddPodAsync("asked");
        var server = await pod.ServeAsync();
        shop.Mesh.Resources.Pod(pod, app: "asked");
        shop.Mesh.Resources.Service("asked", "asked", [IPAddress.Parse("10.96.0.90")], "name: http, port: 80, targetPort: 8088", "name: grpc, port: 82, targetPort: 8082");
        await shop.Agent.CapturedAsync(pod);
        return (pod, server);
    }

    private static void Route(SmallShop shop, string auth) => shop.Mesh.Resources.Write("route", $$"""
        {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: default}, spec: {
          parentRefs: [{group: '', kind: Service, name: web, port: 80}], rules: [{filters: [ { type: ExternalAuth, externalAuth: {{auth}} } ], backendRefs: [ { name: web, port: 80 } ] } ] } }
        """);

    private static void Limit(SmallShop shop, string onFailure) => shop.Mesh.Resources.Write("limit", $$"""
        {apiVersion: nodemesh.io/v1alpha1, kind: RateLimitPolicy, metadata: {name: web, namespace: default}, spec: {
          targetRefs: [{kind: Service, name: web}], global: {service: {name: asked, port: 82}, domain: shop, onFailure: {{onFailure}}, timeout: 2s,
            descriptors: [{entries: [{key: user, from: Header, name: x-user}, {key: generic, value: all}]}]} } }
        """);

    private static Task<CallResult> CallAsync(SmallShop shop, string path, int body = 0, params string[] headers) => shop.Client.CallAsync(new CallRequest
    {
        Kind = "http", Target = SmallShop.Web, Path = path, Method = body > 0 ? "POST" : "GET", Host = "shop.example", BodySize = body, Headers = headers,
    });
}
