using System.Net;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>Clients speak plain HTTP, servers TLS, and a BackendTLSPolicy lies between them; on one node and from another.</summary>
public abstract class BackendTls(SharedMesh mesh) : IAsyncLifetime
{
    private const string Secure = "10.96.0.70";
    private const string Http = Secure + ":80";
    private const string Uri = "spiffe://example.org/secure";

    private static readonly string[] Names = ["secure.example"];

    private readonly TestAuthority _authority = new("good");
    private readonly TestAuthority _other = new("other");
    private TestPod _near = null!;
    private TestPod _far = null!;

    public async ValueTask InitializeAsync()
    {
        var file = $"{TestRun.Directory}/{mesh.Mesh.Name}/secure.pem";
        await File.WriteAllTextAsync(file, _authority.Issue(Names, Uri));
        _near = await mesh.Near.AddPodAsync("secure-near");
        _far = await mesh.Far.AddPodAsync("secure-far");
        foreach (var pod in new[] { _near, _far })
        {
            await pod.ServeAsync("--https", "8444", "--certificate", file);
            mesh.Mesh.Resources.Pod(pod, app: "secure");
            await pod.Node.Agent.CapturedAsync(pod);
        }
        mesh.Mesh.Resources.Service(
            "secure", "secure", [IPAddress.Parse(Secure)], "name: http, port: 80, targetPort: 8444", "name: https, port: 443, targetPort: 8444, appProtocol: https",
            "name: plain, port: 81, targetPort: 8080", "name: raw, port: 90, targetPort: 9000", "name: tls, port: 8443, targetPort: 8443",
            "name: tcp-secure, port: 92, targetPort: 8444");
        mesh.Mesh.Resources.Write("ca", _authority.ConfigMap("ca"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in new[] { "policy", "route", "ca", "service-secure" })
        {
            mesh.Mesh.Resources.Delete(name);
        }
        foreach (var pod in new[] { _near, _far })
        {
            mesh.Mesh.Resources.RemovePod(pod);
            await pod.Node.Agent.CapturedAsync(pod, captured: false);
            await pod.DisposeAsync();
        }
        _authority.Dispose();
        _other.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task Requests_and_calls_reach_servers_that_speak_TLS_on_this_node_and_on_others()
    {
        Policy("hostname: secure.example");
        mesh.Mesh.Resources.Write("route", """
            {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: secure, namespace: default}, spec: {
              parentRefs: [{group: '', kind: Service, name: secure, port: 81}], rules: [
                {filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-routed, value: 'yes'}]}}], backendRefs: [{name: secure, port: 443}]}]}}
            """);
        await Eventually.HoldsAsync("the policy is in force", () => CallAsync(), result => result.Server?.Sni == "secure.example");

        var pods = new HashSet<string>();
        for (var i = 0; i < 40 && pods.Count < 2; i++)
        {
            var result = await mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = Http, Method = "POST", BodySize = 100_000, Host = "shop.example" });
            Assert.True(result.Ok, $"{result.Status} {result.Error}");
            Assert.Equal(("secure.example", "shop.example", "HTTP/1.1", 100_000), (result.Server!.Sni, result.Server.Host, result.Server.Protocol, result.Server.Bytes));
            pods.Add(result.Server.Pod);
        }
        Assert.Equal(["secure-far", "secure-near"], pods.Order());

        var http2 = await mesh.Client().CallAsync("h2c", Http);
        Assert.True(http2.Ok, $"{http2.Status} {http2.Error}\n{mesh.Near.Agent.Process.Tail()}");
        Assert.Equal(("HTTP/2", "secure.example"), (http2.Server?.Protocol, http2.Server?.Sni));
        foreach (var rpc in new[] { "unary", "bidi" })
        {
            var call = await mesh.Client().CallAsync(new CallRequest { Kind = "grpc", Target = Http, Rpc = rpc });
            Assert.True(call.Ok, call.Error);
        }
        var socket = await mesh.Client().CallAsync("websocket", Http);
        Assert.True(socket.Ok, socket.Error);

        var routed = await Eventually.HoldsAsync("a port declared to speak TLS is a backend", () => mesh.Client().CallAsync("http", $"{Secure}:81"), result => result.Ok);
        Assert.Equal(("secure.example", "yes"), (routed.Server!.Sni, routed.Server.Headers!["x-routed"]));
        Assert.Equal("secure.example", (await mesh.Client().CallAsync("http", $"{Secure}:443")).Server?.Sni);
        // Declared to be no HTTP, the connection is put into TLS as it is.
        var opaque = await mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = $"{Secure}:92", Method = "POST", BodySize = 100_000 });
        Assert.Equal(("secure.example", "HTTP/1.1", 100_000), (opaque.Server?.Sni, opaque.Server?.Protocol, opaque.Server?.Bytes ?? 0));
        // Who speaks TLS already goes on to the server with it, and its own address is dialled as ever.
        Assert.Equal("CN=secure", (await mesh.Client().CallAsync("tls", $"{Secure}:8443")).Certificate?[..9]);
        Assert.Null((await mesh.Client().CallAsync("http", $"{_near.V4}:8080")).Server!.Sni);

        var scrape = await mesh.Near.Agent.ScrapeAsync();
        Assert.True(Counted("nodemesh_http_requests_total", "mesh_tls") > 0 && Counted("nodemesh_http_requests_total", "plaintext") > 0);
        Assert.True(Counted("nodemesh_tcp_connections_opened_total", "mesh_tls") > 0 && Counted("nodemesh_tcp_connections_opened_total", "app_tls") > 0);
        Assert.Equal(0, Counted("nodemesh_http_requests_total", "app_tls"));

        double Counted(string counter, string security) => scrape.Sum(counter, ("destination_service", "default/secure"), ("source_workload", "meshed-client"), ("security", security));
    }

    [Fact(Timeout = 60_000)]
    public async Task Who_cannot_be_trusted_gets_no_request_at_all()
    {
        Policy("hostname: other.example");
        await RefusedAsync(Http);

        // Its alternatives are what counts, where the policy names them.
        Policy($"hostname: other.example, subjectAltNames: [{{type: URI, uri: '{Uri}'}}]");
        await Eventually.HoldsAsync("the URI is in the certificate", () => CallAsync(), result => result.Server?.Sni == "other.example");

        mesh.Mesh.Resources.Write("ca", _other.ConfigMap("ca"));
        await RefusedAsync(Http);
        var call = await mesh.Client().CallAsync("grpc", Http);
        Assert.Contains("Unavailable", call.Error, StringComparison.Ordinal);

        mesh.Mesh.Resources.Write("ca", _authority.ConfigMap("ca"));
        await Eventually.HoldsAsync("the certificate is trusted again", () => CallAsync(), result => result.Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_a_certificate_to_trust_nothing_leaves_although_the_server_would_take_it_plain()
    {
        await Eventually.HoldsAsync("it is plain", () => mesh.Client().CallAsync("http", $"{Secure}:81"), result => result.Ok);
        Assert.True((await mesh.Client().CallAsync("opaque", $"{Secure}:90")).Ok);
        mesh.Mesh.Resources.Delete("ca");
        Policy("hostname: secure.example");

        await RefusedAsync($"{Secure}:81");
        Assert.Equal("ConnectionReset", (await mesh.Client().CallAsync("opaque", $"{Secure}:90")).Error);
        Assert.Contains("NoValidCACertificate", await mesh.Near.Agent.GetAsync("/policies"), StringComparison.Ordinal);
        Assert.Contains("InvalidCACertificateRef", await mesh.Near.Agent.GetAsync("/problems"), StringComparison.Ordinal);

        mesh.Mesh.Resources.Delete("policy");
        await Eventually.HoldsAsync("it is plain again", () => mesh.Client().CallAsync("http", $"{Secure}:81"), result => result.Ok);
    }

    private Task<CallResult> CallAsync() => mesh.Client().CallAsync("http", Http);

    private Task RefusedAsync(string target) =>
        Eventually.HoldsAsync("requests are refused", () => mesh.Client().CallAsync("http", target), result => (result.Status, result.Headers?.GetValueOrDefault("nodemesh-error")) == (503, "upstream_tls"));

    private void Policy(string validation) => mesh.Mesh.Resources.Write("policy", $$"""
        {apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: {name: secure, namespace: default}, spec: {
          targetRefs: [{group: "", kind: Service, name: secure}], validation: { {{validation}}, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}] } } }
        """);
}

[Collection("ebpf")]
public sealed class EbpfBackendTls(EbpfMesh mesh) : BackendTls(mesh);

[Collection("iptables")]
public sealed class IptablesBackendTls(IptablesMesh mesh) : BackendTls(mesh);
