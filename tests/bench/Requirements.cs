using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench;

/// <summary>What has to be on the machine. Everything that is missing is named at once, with what to do.</summary>
internal static class Requirements
{
    private static readonly (string Program, string Package)[] Programs =
    [
        ("wrk", "wrk"), ("h2load", "nghttp2-client"), ("haproxy", "haproxy"), ("nginx", "nginx-light"), ("cc", "gcc libc6-dev"),
        ("curl", "curl"), ("ip", "iproute2"), ("nsenter", "util-linux"), ("setsid", "util-linux"), ("kill", "procps"),
    ];

    public static void Check(IEnumerable<string> binaries)
    {
        if (Environment.UserName != "root")
        {
            throw new BenchException("it makes network namespaces and captures their traffic, which only root may: run it with sudo");
        }
        if (!Cgroup.IsAvailable)
        {
            throw new BenchException("no cgroup v2 is mounted: mount one with 'mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified'");
        }
        var missing = Programs.Where(p => !IsInstalled(p.Program)).ToArray();
        if (missing.Length > 0)
        {
            throw new BenchException(
                $"{string.Join(", ", missing.Select(p => p.Program))} not found: apt-get install {string.Join(' ', missing.Select(p => p.Package).Distinct())}");
        }
        if (binaries.FirstOrDefault(b => !File.Exists(b)) is { } binary)
        {
            throw new BenchException($"{binary} not found: 'make build' makes it (without NodeMesh: --only direct,relay,haproxy,nginx)");
        }
    }

    private static bool IsInstalled(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Any(d => File.Exists(Path.Combine(d, program)));
}
