using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.CniChain;
using Xunit;

namespace NodeMesh.UnitTests.CniChain;

public sealed class ChainInstallerTests : IDisposable
{
    private const string Calico = """{"cniVersion":"0.3.1","name":"k8s-pod-network","plugins":[{"type":"calico","mtu":0},{"type":"portmap","capabilities":{"portMappings":true}}]}""";
    private const string Single = """{"cniVersion":"0.4.0","name":"bridge","type":"bridge","bridge":"cni0"}""";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nodemesh-chain-");
    private readonly ChainInstaller _installer;

    public ChainInstallerTests()
    {
        Directory.CreateDirectory(Binaries);
        Directory.CreateDirectory(Configurations);
        File.WriteAllText($"{_directory.FullName}/plugin", "the plugin");
        _installer = new ChainInstaller(
            new ChainOptions
            {
                BinaryDirectory = Binaries,
                ConfigurationDirectory = Configurations,
                Plugin = $"{_directory.FullName}/plugin",
                Socket = "/run/nodemesh/cni.sock",
                ExcludedNamespaces = ["kube-system"],
            },
            NullLogger.Instance);
    }

    private string Binaries => $"{_directory.FullName}/bin";

    private string Configurations => $"{_directory.FullName}/net.d";

    private string Ours => $"{Configurations}/00-00-nodemesh.conflist";

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void The_first_configuration_by_name_is_taken_whole_with_the_plugin_last_and_its_own_file_untouched()
    {
        Write("10-calico.conflist", Calico);
        Write("99-other.conf", Single);
        Write(".hidden.conflist", Single);
        Write("05-readme.txt", "not a configuration");
        _installer.Ensure();

        var ours = JsonNode.Parse(File.ReadAllText(Ours))!;
        var entry = ours["plugins"]![2]!.DeepClone();
        Assert.Equal("nodemesh-cni", entry["type"]!.ToString());
        Assert.Equal("/run/nodemesh/cni.sock", entry["socket"]!.ToString());
        Assert.Equal("fail", entry["onAgentFailure"]!.ToString());
        Assert.Equal("""["kube-system"]""", entry["excludeNamespaces"]!.ToJsonString());
        ours["plugins"]!.AsArray().RemoveAt(2);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Calico), ours), ours.ToJsonString());
        Assert.Equal(Calico, File.ReadAllText($"{Configurations}/10-calico.conflist"));
        Assert.Equal("the plugin", File.ReadAllText($"{Binaries}/nodemesh-cni"));
        Assert.True(File.GetUnixFileMode($"{Binaries}/nodemesh-cni").HasFlag(UnixFileMode.OtherExecute));
        Assert.Equal("", _installer.Problem);
        Assert.Equal(Ours, Directory.GetFiles(Configurations).Where(f => !Path.GetFileName(f).StartsWith('.')).Order(StringComparer.Ordinal).First());
    }

    [Fact]
    public void A_configuration_of_one_plugin_becomes_a_list_of_the_same_name()
    {
        Write("10-bridge.conf", Single);
        _installer.Ensure();
        var ours = JsonNode.Parse(File.ReadAllText(Ours))!;
        Assert.Equal("bridge", ours["name"]!.ToString());
        Assert.Equal("0.4.0", ours["cniVersion"]!.ToString());
        Assert.Equal(["bridge", "nodemesh-cni"], ours["plugins"]!.AsArray().Select(p => p!["type"]!.ToString()));
    }

    [Fact]
    public void What_the_cluster_changes_is_followed_and_what_somebody_removes_is_put_back()
    {
        Write("10-calico.conflist", Calico);
        _installer.Ensure();
        Write("10-calico.conflist", Calico.Replace("\"mtu\":0", "\"mtu\":1400", StringComparison.Ordinal));
        File.Delete($"{Binaries}/nodemesh-cni");
        _installer.Ensure();
        Assert.Contains("1400", File.ReadAllText(Ours), StringComparison.Ordinal);
        Assert.True(File.Exists($"{Binaries}/nodemesh-cni"));

        File.Delete(Ours);
        _installer.Ensure();
        Assert.True(File.Exists(Ours));
    }

    [Fact]
    public void Without_a_configuration_to_chain_to_there_is_none_of_ours_and_it_is_said()
    {
        Write("10-broken.conflist", "{");
        Write("20-empty.conflist", """{"name":"x","plugins":[]}""");
        File.WriteAllText(Ours, Calico);
        _installer.Ensure();
        Assert.False(File.Exists(Ours));
        Assert.Contains("no network configuration", _installer.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_of_Multus_is_left_alone_and_it_is_said_what_to_do()
    {
        Write("00-multus.conf", """{"cniVersion":"0.3.1","name":"multus-cni-network","type":"multus"}""");
        Write("10-calico.conflist", Calico);
        _installer.Ensure();
        Assert.False(File.Exists(Ours));
        Assert.Contains("Multus", _installer.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Taking_it_out_leaves_the_directories_as_they_were()
    {
        Write("10-calico.conflist", Calico);
        _installer.Ensure();
        _installer.RemoveConfiguration();
        Assert.True(File.Exists($"{Binaries}/nodemesh-cni"));
        _installer.RemoveBinary();
        Assert.Equal([$"{Configurations}/10-calico.conflist"], Directory.GetFileSystemEntries(Configurations));
        Assert.Empty(Directory.GetFileSystemEntries(Binaries));
    }

    private void Write(string name, string text) => File.WriteAllText($"{Configurations}/{name}", text);
}
