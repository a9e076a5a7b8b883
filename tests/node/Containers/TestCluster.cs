using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.NodeTests.Containers;

/// <summary>An API server in the network of a test's node, at the address and with the credentials that a pod of a cluster has.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private const int Port = 6443;
    private const string Token = "the-token-of-nodemesh-agent";

    private readonly Socket _listener;
    private readonly X509Certificate2 _certificate;

    private TestCluster(ApiServer server, Socket listener, X509Certificate2 certificate, TestNode node) =>
        (Server, _listener, _certificate, Node) = (server, listener, certificate, node);

    public ApiServer Server { get; }

    public TestNode Node { get; }

    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["KUBERNETES_SERVICE_HOST"] = Node.V4(1).ToString(),
        ["KUBERNETES_SERVICE_PORT"] = Port.ToString(),
    };

    public static async Task<TestCluster> StartAsync(TestNode node)
    {
        var listener = NetnsSocket.Create(node.Netns);
        listener.Bind(new IPEndPoint(node.V4(1), Port));
        listener.Listen(64);
        var certificate = Certificate(node.V4(1));
        var server = await ApiServer.StartAsync(new ApiServerOptions { Socket = (ulong)listener.Handle, Certificate = certificate, Token = Token });
        return new TestCluster(server, listener, certificate, node);
    }

    /// <summary>What the kubelet mounts at /var/run/secrets/kubernetes.io/serviceaccount.</summary>
    public string WriteServiceAccount(string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText($"{directory}/token", Token);
        File.WriteAllText($"{directory}/namespace", "nodemesh-system");
        File.WriteAllText($"{directory}/ca.crt", _certificate.ExportCertificatePem());
        return directory;
    }

    public void Put(string json) => Server.Store.Put(JsonNode.Parse(json)!.AsObject());

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _listener.Dispose();
        _certificate.Dispose();
    }

    private static X509Certificate2 Certificate(IPAddress address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test API server", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
