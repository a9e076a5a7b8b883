using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using k8s.Models;
using NodeMesh.Cli.Charts;
using NodeMesh.Cli.Charts.Templates;
using NodeMesh.Cli.Yaml;
using Xunit;

namespace NodeMesh.UnitTests.Charts;

public class ChartTests
{
    private static readonly JsonSerializerOptions Strict = new() { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    [Fact]
    public void The_plain_manifests_are_the_chart_with_its_default_values()
    {
        var file = Path.Combine(Repository.Root, "installer/manifests/nodemesh.yaml");
        var rendered = Chart.RenderWhole(ChartValues.Of([], ["createNamespace=true"]), "nodemesh-system");
        Assert.True(File.ReadAllText(file) == rendered, $"write them anew: out/nodemesh install --dry-run > {file}");
    }

    [Fact]
    public void The_mesh_s_own_kinds_are_defined_before_anything_else()
    {
        var kinds = YamlReader.ReadAll(Chart.RenderWhole(ChartValues.Of([], []), "mesh")).Select(manifest => manifest["kind"]!.ToString()).ToList();
        var defined = Directory.GetFiles(Path.Combine(Repository.Root, "installer/crds")).Length;
        Assert.Equal(Enumerable.Repeat("CustomResourceDefinition", defined), kinds.Take(defined));
        Assert.DoesNotContain("CustomResourceDefinition", kinds.Skip(defined));
        // Helm finds them in the chart.
        Assert.Equal(defined, Directory.GetFiles(Path.Combine(Repository.Root, "installer/charts/nodemesh/crds")).Length);
    }

    [Fact]
    public void Every_object_has_only_fields_that_Kubernetes_knows()
    {
        var types = new Dictionary<string, Type>
        {
            ["Namespace"] = typeof(V1Namespace),
            ["ServiceAccount"] = typeof(V1ServiceAccount),
            ["ClusterRole"] = typeof(V1ClusterRole),
            ["ClusterRoleBinding"] = typeof(V1ClusterRoleBinding),
            ["Role"] = typeof(V1Role),
            ["RoleBinding"] = typeof(V1RoleBinding),
            ["DaemonSet"] = typeof(V1DaemonSet),
        };
        foreach (var manifest in YamlReader.ReadAll(Chart.Render(ChartValues.Of([], ["createNamespace=true"]), "mesh")))
        {
            Assert.NotNull(JsonSerializer.Deserialize(manifest.ToJsonString(), types[manifest["kind"]!.ToString()], Strict));
        }
        // The check itself sees what is wrong.
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<V1Role>("""{"kind":"Role","rulez":[]}""", Strict));
    }

    [Fact]
    public void Neither_container_is_privileged_and_the_proxy_has_nothing_at_all()
    {
        var pod = DaemonSet()["spec"]!["template"]!["spec"]!;
        foreach (var container in pod["containers"]!.AsArray())
        {
            var security = container!["securityContext"]!;
            Assert.False(security["privileged"]!.GetValue<bool>());
            Assert.True(security["readOnlyRootFilesystem"]!.GetValue<bool>());
            Assert.Equal("RuntimeDefault", security["seccompProfile"]!["type"]!.ToString());
            Assert.Equal("""["ALL"]""", security["capabilities"]!["drop"]!.ToJsonString());
            // In the machine's network a declared port would keep the next version's pod off the node.
            Assert.Null(container["ports"]);
        }
        var proxy = pod["containers"]![1]!;
        Assert.Null(proxy["securityContext"]!["capabilities"]!["add"]);
        Assert.True(proxy["securityContext"]!["runAsNonRoot"]!.GetValue<bool>());
        Assert.DoesNotContain(proxy["volumeMounts"]!.AsArray(), mount => mount!["name"]!.ToString() is "token" or "state");
    }

    [Fact]
    public void Values_reach_the_manifests()
    {
        var set = DaemonSet("image.repository=example.org/mesh", "image.tag=1.2.3", "cni.enabled=false", "podLabels.team=net", "stateDirectory=/var/run/x");
        var text = set.ToJsonString();
        Assert.Equal("example.org/mesh:1.2.3", set["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!.ToString());
        Assert.Equal("net", set["spec"]!["template"]!["metadata"]!["labels"]!["team"]!.ToString());
        Assert.DoesNotContain("cni", text, StringComparison.Ordinal);
        Assert.Contains("--run-dir=/var/run/x/proxy", text, StringComparison.Ordinal);
        Assert.DoesNotContain("access-log", text, StringComparison.Ordinal);
        var logging = DaemonSet("accessLogDirectory=/var/log/nodemesh")["spec"]!["template"]!["spec"]!;
        Assert.Contains(logging["volumes"]!.AsArray(), volume => volume!["hostPath"]?["path"]?.ToString() == "/var/log/nodemesh");
        Assert.All(logging["containers"]!.AsArray(), container =>
        {
            Assert.Contains(container!["args"]!.AsArray(), argument => argument!.ToString() == "--access-log-dir=/var/log/nodemesh");
            Assert.Contains(container["volumeMounts"]!.AsArray(), mount => mount!["mountPath"]!.ToString() == "/var/log/nodemesh");
        });
        var open = DaemonSet("console.tokenSecret=console", "console.edit=true", "console.prometheus=http://prometheus:9090")["spec"]!["template"]!["spec"]!;
        var arguments = open["containers"]![0]!["args"]!.AsArray().Select(argument => argument!.ToString()).ToList();
        Assert.All(["--console-token=/var/run/secrets/nodemesh-console/token", "--console-edit", "--prometheus=http://prometheus:9090"], argument => Assert.Contains(argument, arguments));
        Assert.Contains(open["volumes"]!.AsArray(), volume => volume!["secret"]?["secretName"]?.ToString() == "console");
        Assert.DoesNotContain(open["containers"]![1]!["volumeMounts"]!.AsArray(), mount => mount!["name"]!.ToString() == "console-token");
        Assert.DoesNotContain("--console", text, StringComparison.Ordinal);
        Assert.Contains("PodMonitor", Chart.Render(ChartValues.Of([], ["podMonitor.enabled=true", "podMonitor.labels.release=p"]), "mesh"), StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_and_dashboards_are_in_the_chart_as_they_are()
    {
        var objects = YamlReader.ReadAll(Chart.Render(ChartValues.Of([], ["prometheusRule.enabled=true", "dashboards.enabled=true"]), "mesh"));

        var rules = objects.Single(manifest => manifest["kind"]!.ToString() == "PrometheusRule")["spec"]!;
        Assert.True(JsonNode.DeepEquals(YamlReader.ReadAll(File.ReadAllText(Path.Combine(Repository.Root, "installer/prometheus/rules.yaml")))[0], rules));
        var dashboards = objects.Single(manifest => manifest["kind"]!.ToString() == "ConfigMap");
        Assert.Equal("1", dashboards["metadata"]!["labels"]!["grafana_dashboard"]!.GetValue<string>());
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "installer/grafana"));
        Assert.Equal(files.Select(file => $"nodemesh-{Path.GetFileName(file)}").Order(), dashboards["data"]!.AsObject().Select(entry => entry.Key).Order());
        Assert.All(files, file => Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(File.ReadAllText(file)), JsonNode.Parse(dashboards["data"]![$"nodemesh-{Path.GetFileName(file)}"]!.GetValue<string>()))));
    }

    [Theory]
    [InlineData("cni.enable=false", "cni.enable")]
    [InlineData("nonsense", "NAME=VALUE")]
    [InlineData("image.tag.x=1", "image.tag")]
    public void A_value_that_the_chart_does_not_have_is_refused(string setting, string named)
    {
        var failure = Record.Exception(() => Chart.Render(ChartValues.Of([], [setting]), "mesh"));
        Assert.Contains(named, Assert.IsType<TemplateException>(failure).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a {{- if .Values.yes }} b {{- else }} c {{- end }} d", "a b d")]
    [InlineData("a {{- if .Values.no }} b {{- else }} c {{- end }} d", "a c d")]
    [InlineData("{{ if .Values.no }}{{ if .Values.yes }}x{{ end }}{{ else }}y{{ end }}", "y")]
    [InlineData("{{ .Values.text | quote }}", "\"te\\\"xt\"")]
    [InlineData("{{ .Values.none | default .Values.number }}", "7")]
    [InlineData("{{ printf \"%s:%s\" .Values.text (.Values.none | default \"z\") }}", "te\"xt:z")]
    [InlineData("x:\n  {{- toYaml .Values.map | nindent 2 }}\n", "x:\n  a: 1\n  b:\n  - c\n")]
    public void Templates_give_what_Helm_gives(string template, string expected) =>
        Assert.Equal(expected, Template.Render(template, JsonNode.Parse("""{"Values":{"yes":true,"no":false,"text":"te\"xt","none":"","number":7,"map":{"b":["c"],"a":1}}}""")!));

    [Theory]
    [InlineData("{{ range .Values.list }}{{ end }}")]
    [InlineData("{{ if .Values.yes }}")]
    [InlineData("{{ .Values.missing }}")]
    [InlineData("{{ lookup \"v1\" }}")]
    public void What_this_renderer_does_not_know_is_refused(string template) =>
        Assert.Throws<TemplateException>(() => Template.Render(template, JsonNode.Parse("""{"Values":{"yes":true,"list":[1]}}""")!));

    [Fact]
    public void Yaml_that_is_written_reads_back_the_same()
    {
        var node = JsonNode.Parse("""{"a":["x",{"b":"1","c":null,"d":[]},[1,2]],"yes":"yes","n":"0400","e":"","s":" lead","t":"a: b","u":"line\nbreak","v":true,"w":1.5,"x":{},"y":"#no","z":"- dash"}""")!;
        var text = YamlText.Write(node);
        Assert.True(JsonNode.DeepEquals(node, YamlReader.ReadAll(text)[0]), text);
    }

    private static JsonNode DaemonSet(params string[] settings) =>
        YamlReader.ReadAll(Chart.Render(ChartValues.Of([], settings), "mesh")).Single(m => m["kind"]!.ToString() == "DaemonSet");
}
