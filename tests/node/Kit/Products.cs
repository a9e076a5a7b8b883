using System.Reflection;

namespace NodeMesh.NodeTests.Kit;

/// <summary>What is tested: the binaries that `make build` (or with NODEMESH_OUT=out/release, `make release`) left behind.</summary>
public static class Products
{
    public static string Repository { get; } = typeof(Products).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "Repository").Value!;

    public static string Agent => Built("nodemesh-agent");

    public static string Proxy => Built("nodemesh-proxy");

    public static string Cni => Built("nodemesh-cni");

    public static string Cli => Built("nodemesh");

    /// <summary>Where they are.</summary>
    public static string Directory => Path.GetDirectoryName(Agent)!;

    /// <summary>Beside the tests: they reference it.</summary>
    public static string TestApp => Path.Combine(AppContext.BaseDirectory, "nodemesh-testapp");

    private static string Built(string name)
    {
        var directory = Environment.GetEnvironmentVariable("NODEMESH_OUT") ?? Path.Combine(Repository, "out");
        var path = Path.GetFullPath(Path.Combine(directory, name));
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run `make build` first");
    }
}
