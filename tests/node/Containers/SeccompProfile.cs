using System.Text.Json.Nodes;

namespace NodeMesh.NodeTests.Containers;

/// <summary>
/// What "RuntimeDefault" is: the profile that Debian's container tools bring, which is Docker's and containerd's, made into a runtime's
/// for a container's capabilities as they do it.
/// </summary>
public static class SeccompProfile
{
    private const string File = "/usr/share/containers/seccomp.json";

    public static JsonObject For(IReadOnlyCollection<string> capabilities)
    {
        var profile = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        var rules = new JsonArray();
        foreach (var rule in profile["syscalls"]!.AsArray())
        {
            if (Applies(rule!["includes"], capabilities, wanted: true) && Applies(rule["excludes"], capabilities, wanted: false))
            {
                var made = new JsonObject { ["names"] = rule["names"]!.DeepClone(), ["action"] = rule["action"]!.DeepClone() };
                if (rule["errnoRet"] is { } error)
                {
                    made["errnoRet"] = error.DeepClone();
                }
                if (rule["args"] is JsonArray { Count: > 0 } args)
                {
                    made["args"] = args.DeepClone();
                }
                rules.Add((JsonNode)made);
            }
        }
        return new JsonObject
        {
            ["defaultAction"] = profile["defaultAction"]!.DeepClone(),
            ["defaultErrnoRet"] = profile["defaultErrnoRet"]!.DeepClone(),
            ["architectures"] = new JsonArray("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
            ["syscalls"] = rules,
        };
    }

    private static bool Applies(JsonNode? condition, IReadOnlyCollection<string> capabilities, bool wanted)
    {
        var caps = (condition?["caps"] as JsonArray)?.Select(c => c!.ToString()).ToList() ?? [];
        var arches = (condition?["arches"] as JsonArray)?.Select(a => a!.ToString()).ToList() ?? [];
        return wanted
            ? caps.All(capabilities.Contains) && (arches.Count == 0 || arches.Contains("amd64"))
            : !caps.Any(capabilities.Contains) && !arches.Contains("amd64");
    }
}
