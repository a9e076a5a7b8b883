using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace NodeMesh.NodeTests.Containers;

/// <summary>
/// What "RuntimeDefault" is: the profile that Debian's container tools bring, which is Docker's and containerd's, made into a runtime's
/// for a container's capabilities as they do it.
/// </summary>
public static class SeccompProfile
{
    private const string File = "/usr/share/containers/seccomp.json";

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>This machine as Go names it, which is how the profile does.</summary>
    private static readonly string Machine = IsArm ? "arm64" : "amd64";

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
            ["architectures"] = IsArm ? new JsonArray("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM") : new JsonArray("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
            ["syscalls"] = rules,
        };
    }

    private static bool Applies(JsonNode? condition, IReadOnlyCollection<string> capabilities, bool wanted)
    {
        var caps = (condition?["caps"] as JsonArray)?.Select(c => c!.ToString()).ToList() ?? [];
        var arches = (condition?["arches"] as JsonArray)?.Select(a => a!.ToString()).ToList() ?? [];
        return wanted
            ? caps.All(capabilities.Contains) && (arches.Count == 0 || arches.Contains(Machine))
            : !caps.Any(capabilities.Contains) && !arches.Contains(Machine);
    }
}
