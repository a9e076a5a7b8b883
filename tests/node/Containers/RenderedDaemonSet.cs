using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Containers;

/// <summary>The DaemonSet as `nodemesh install --dry-run` renders it, and what the kubelet and containerd make of its containers for runc.</summary>
public sealed partial class RenderedDaemonSet
{
    private readonly JsonNode _pod;

    private RenderedDaemonSet(JsonNode pod) => _pod = pod;

    public static async Task<RenderedDaemonSet> CreateAsync(params string[] values)
    {
        var list = await Commands.RunAsync([Products.Cli, "install", "--dry-run", "-o", "json", .. values.SelectMany(v => new[] { "--set", v })]);
        var set = JsonNode.Parse(list)!["items"]!.AsArray().Single(item => item!["kind"]!.ToString() == "DaemonSet")!;
        return new RenderedDaemonSet(set["spec"]!["template"]!["spec"]!);
    }

    public JsonNode Container(string name) => _pod["containers"]!.AsArray().Single(c => c!["name"]!.ToString() == name)!;

    public IReadOnlyList<string> Capabilities(string container) =>
        [.. (Container(container)["securityContext"]!["capabilities"]!["add"] as JsonArray ?? []).Select(c => c!.ToString())];

    /// <summary>runc's config.json.</summary>
    /// <param name="fields">What the pod's fieldRefs are: spec.nodeName and the like.</param>
    /// <param name="places">Where directories of the machine are that the test has its own of; null: the volume is not on the machine.</param>
    /// <param name="without">A capability to leave out.</param>
    public JsonObject Bundle(
        string container, string netns, IReadOnlyDictionary<string, string> fields, Func<JsonNode, string> places, IEnumerable<(string From, string To)> rootfs,
        IReadOnlyDictionary<string, string> environment, string? without = null)
    {
        var spec = Container(container);
        var security = spec["securityContext"]!;
        Assert.False(security["privileged"]!.GetValue<bool>());
        Assert.Equal("ALL", security["capabilities"]!["drop"]![0]!.ToString());
        Assert.Equal("RuntimeDefault", security["seccompProfile"]!["type"]!.ToString());
        Assert.True(_pod["hostNetwork"]!.GetValue<bool>());
        Assert.Null(_pod["hostPID"]);

        var variables = spec["env"]!.AsArray().ToDictionary(
            e => e!["name"]!.ToString(), e => e!["value"]?.ToString() ?? fields[e["valueFrom"]!["fieldRef"]!["fieldPath"]!.ToString()]);
        string[] caps = [.. Capabilities(container).Where(c => c != without).Select(c => $"CAP_{c}")];
        var user = security["runAsUser"]!.GetValue<int>();
        // As Kubernetes has it: who is not root has what the set of the container's bounding set leaves, which is nothing.
        string[] held = user == 0 ? caps : [];
        return new JsonObject
        {
            ["ociVersion"] = "1.0.2",
            ["process"] = new JsonObject
            {
                ["terminal"] = false,
                ["user"] = new JsonObject { ["uid"] = user, ["gid"] = security["runAsGroup"]!.GetValue<int>() },
                ["args"] = Strings(spec["command"]!.AsArray().Concat(spec["args"]!.AsArray()).Select(a => Expand(a!.ToString(), variables))),
                ["env"] = Strings(variables.Concat(environment).Select(v => $"{v.Key}={v.Value}").Append("PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")),
                ["cwd"] = "/",
                ["capabilities"] = new JsonObject { ["bounding"] = Strings(caps), ["effective"] = Strings(held), ["permitted"] = Strings(held) },
                ["noNewPrivileges"] = !security["allowPrivilegeEscalation"]!.GetValue<bool>(),
            },
            ["root"] = new JsonObject { ["path"] = "rootfs", ["readonly"] = security["readOnlyRootFilesystem"]!.GetValue<bool>() },
            ["hostname"] = fields["spec.nodeName"],
            ["mounts"] = Mounts(spec, places, rootfs),
            ["linux"] = new JsonObject
            {
                ["namespaces"] = new JsonArray(
                    Namespace("pid"), Namespace("ipc"), Namespace("uts"), Namespace("mount"), new JsonObject { ["type"] = "network", ["path"] = netns }),
                ["maskedPaths"] = new JsonArray("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"),
                ["readonlyPaths"] = new JsonArray("/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),
                ["seccomp"] = SeccompProfile.For(caps),
                ["resources"] = new JsonObject { ["devices"] = new JsonArray(new JsonObject { ["allow"] = false, ["access"] = "rwm" }) },
            },
        };
    }

    private JsonArray Mounts(JsonNode container, Func<JsonNode, string> places, IEnumerable<(string From, string To)> rootfs)
    {
        var mounts = new JsonArray(
            Mount("proc", "/proc", "proc", "nosuid", "noexec", "nodev"),
            Mount("tmpfs", "/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            Mount("tmpfs", "/dev/shm", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
            Mount("sysfs", "/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"));
        foreach (var (from, to) in rootfs)
        {
            mounts.Add((JsonNode)Mount("bind", to, from, "rbind", "ro", "rprivate"));
        }
        foreach (var mount in container["volumeMounts"]!.AsArray().OrderBy(m => m!["mountPath"]!.ToString(), StringComparer.Ordinal))
        {
            var volume = _pod["volumes"]!.AsArray().Single(v => v!["name"]!.ToString() == mount!["name"]!.ToString())!;
            var propagation = mount!["mountPropagation"]?.ToString();
            // The kubelet grants Bidirectional to privileged containers alone.
            Assert.True(propagation is null or "HostToContainer", $"mountPropagation {propagation}");
            mounts.Add((JsonNode)Mount(
                "bind", mount["mountPath"]!.ToString(), places(volume), "rbind", propagation is null ? "rprivate" : "rslave", mount["readOnly"]?.GetValue<bool>() == true ? "ro" : "rw"));
        }
        return mounts;
    }

    private static JsonObject Mount(string type, string destination, string source, params string[] options) =>
        new() { ["type"] = type, ["source"] = source, ["destination"] = destination, ["options"] = Strings(options) };

    private static JsonObject Namespace(string type) => new() { ["type"] = type };

    private static JsonArray Strings(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    private static string Expand(string text, Dictionary<string, string> variables) =>
        Variable().Replace(text, m => variables.TryGetValue(m.Groups[1].Value, out var value) ? value : m.Value);

    [GeneratedRegex(@"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")]
    private static partial Regex Variable();
}
