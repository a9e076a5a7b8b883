using System.Text;
using System.Text.Json;
using NodeMesh.Cni;

namespace NodeMesh.UnitTests.Cni;

/// <summary>One run of the plugin, as a container runtime makes it.</summary>
internal sealed record PluginRun(int ExitCode, string Output, string Log)
{
    public const string Result = """{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","sandbox":"/run/netns/x"}],"ips":[{"interface":0,"address":"10.1.2.3/24","gateway":"10.1.2.1"}],"dns":{},"x-of-another":[1.50]}""";

    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public int Code => Json.GetProperty("code").GetInt32();

    public string Message => Json.GetProperty("msg").GetString()!;

    public static PluginRun Of(string command, string configuration, string arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1;K8S_POD_UID=u-1")
    {
        var output = new MemoryStream();
        var log = new StringWriter();
        var code = Plugin.Run(
            new CniEnvironment(command, "c0ffee", "/run/netns/x", "eth0", arguments), new MemoryStream(Encoding.UTF8.GetBytes(configuration)), output, log);
        return new PluginRun(code, Encoding.UTF8.GetString(output.ToArray()), log.ToString());
    }

    public static string Configuration(string socket, string more = "", string version = "1.0.0", string? result = Result) =>
        $$"""{"cniVersion":"{{version}}","name":"pods","type":"nodemesh-cni","socket":"{{socket}}"{{(more.Length > 0 ? "," + more : "")}}{{(result is null ? "" : $",\"prevResult\":{result}")}}}""";
}
