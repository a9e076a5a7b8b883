using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using NodeMesh.Contract;
using NodeMesh.Proxy.Security;
using Xunit;

namespace NodeMesh.UnitTests.Security;

public class BackendTlsEntryTests
{
    private const string Uri = "spiffe://example.org/web";

    [Theory(Timeout = 20_000)]
    [InlineData("web.example.org", "", true)]
    [InlineData("api.w.example.org", "", true)] // the certificate's wildcard
    [InlineData("other.example.org", "", false)]
    [InlineData("other.example.org", "web.example.org", true)]
    [InlineData("other.example.org", "WEB.example.org", true)]
    [InlineData("other.example.org", "*.example.org", true)]
    [InlineData("other.example.org", "a.example.org web.example.org", true)]
    [InlineData("other.example.org", "x.w.example.org", true)]
    [InlineData("other.example.org", "*.w.example.org", true)]
    [InlineData("web.example.org", "*.org", false)] // one label, not two
    [InlineData("web.example.org", "another.example.org", false)] // the server name does not count beside alternatives
    [InlineData("web.example.org", "spiffe://example.org/other", false)]
    [InlineData("other.example.org", Uri, true)]
    public async Task A_server_is_trusted_by_its_name_or_where_there_are_some_by_an_alternative(string hostname, string alternatives, bool isTrusted)
    {
        using var certificate = TestCertificates.Issue(["web.example.org", "*.w.example.org"], [Uri]);
        var rules = Rules(hostname);
        foreach (var name in alternatives.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            (name.Contains(':', StringComparison.Ordinal) ? rules.Uris : rules.DnsNames).Add(name.ToLowerInvariant());
        }

        await AssertAsync(rules, certificate, isTrusted);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("ours", true)]
    [InlineData("other", false)]
    [InlineData("both", true)]
    [InlineData("system", false)]
    public async Task A_server_is_trusted_by_whom_its_certificate_is_from(string authorities, bool isTrusted)
    {
        using var certificate = TestCertificates.Issue(["web.example.org"]);
        var rules = Rules("web.example.org");
        rules.CaCertificates.Clear();
        rules.SystemCa = authorities == "system";
        rules.CaCertificates.Add(authorities switch { "ours" => [TestCertificates.AuthorityPem], "other" => [TestCertificates.OtherPem], "both" => [TestCertificates.OtherPem, TestCertificates.AuthorityPem], _ => Array.Empty<string>() });

        await AssertAsync(rules, certificate, isTrusted);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_certificate_that_has_expired_is_not_trusted()
    {
        using var certificate = TestCertificates.Issue(["web.example.org"], days: -1);

        await AssertAsync(Rules("web.example.org"), certificate, isTrusted: false);
    }

    [Fact(Timeout = 20_000)]
    public async Task Nobody_is_trusted_by_rules_that_are_of_no_use()
    {
        using var certificate = TestCertificates.Issue(["web.example.org"]);
        var rules = Rules("web.example.org");
        rules.Unusable = "there is no ConfigMap shop/ca";

        Assert.Contains("there is no ConfigMap shop/ca", await AssertAsync(rules, certificate, isTrusted: false), StringComparison.Ordinal);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(true, "h2", true)]
    [InlineData(false, "http/1.1", true)]
    [InlineData(true, "", false)] // HTTP/2 must be agreed on
    [InlineData(false, "", true)]
    public async Task The_protocol_is_agreed_on(bool http2, string speaks, bool isWell)
    {
        using var certificate = TestCertificates.Issue(["web.example.org"]);

        await AssertAsync(Rules("web.example.org"), certificate, isWell, http2, speaks);
    }

    private static BackendTls Rules(string hostname) => new() { Policy = "shop/web", Hostname = hostname, CaCertificates = { TestCertificates.AuthorityPem } };

    /// <returns>What was wrong; empty: nothing.</returns>
    private static async Task<string> AssertAsync(BackendTls rules, X509Certificate2 certificate, bool isTrusted, bool http2 = false, string speaks = "http/1.1")
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, certificate, speaks);
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        try
        {
            await using var stream = await new BackendTlsEntry(rules).OpenAsync(client.GetStream(), http2, TestContext.Current.CancellationToken);
            Assert.Equal(rules.Hostname, await serving);
            Assert.True(isTrusted, "it was trusted");
            return "";
        }
        catch (AuthenticationException failure)
        {
            client.Close();
            await serving;
            Assert.False(isTrusted, failure.ToString());
            return failure.Message;
        }
    }

    /// <returns>The server name that the client asked for; null: it was not content.</returns>
    private static async Task<string?> ServeAsync(TcpListener listener, X509Certificate2 certificate, string speaks)
    {
        using var socket = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(socket.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate, ApplicationProtocols = speaks.Length == 0 ? null : [new SslApplicationProtocol(speaks)],
            });
            return tls.TargetHostName;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            return null;
        }
    }
}
