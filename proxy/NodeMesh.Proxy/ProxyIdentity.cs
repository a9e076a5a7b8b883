using System.Reflection;

namespace NodeMesh.Proxy;

/// <summary>How the agent tells this proxy from others.</summary>
/// <param name="Id">The process id; or, in a container, a number that no process has, since process ids mean nothing outside of it.</param>
/// <param name="Instance">That of the agent which belongs to this proxy (the same Kubernetes pod); empty when the agent started it.</param>
internal sealed record ProxyIdentity(string Version, int Id, string Instance, DateTimeOffset Started)
{
    private const int FirstFree = 1 << 23; // the kernel's limit for process ids is 2^22

    public static ProxyIdentity OfThisProcess(string? instance) => new(
        typeof(ProxyIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
        instance is null ? Environment.ProcessId : Random.Shared.Next(FirstFree, int.MaxValue),
        instance ?? "",
        TimeProvider.System.GetUtcNow());
}
