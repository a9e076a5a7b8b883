using NodeMesh.Bench.Machines;

namespace NodeMesh.Bench.Systems;

/// <summary>What nginx as a peer and nginx as the server have in common.</summary>
internal static class NginxModules
{
    /// <summary>Path of the stream module, which Debian has as a package of its own; null where it isn't installed.</summary>
    public static string? Stream() =>
        new[] { "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/etc/nginx/modules" }
            .Select(directory => Path.Combine(directory, "ngx_stream_module.so"))
            .FirstOrDefault(File.Exists);

    public static string LoadStream() => Stream() is { } path ? $"load_module {path};" : "";

    // nginx allocates all of worker_connections at start: a worker may have to hold all the idle connections of the memory figures.
    public static string Common(Workspace workspace, string name, int workers) =>
        $$"""
        user root;
        pid {{workspace.PathOf(name + ".pid")}};
        error_log stderr error;
        worker_processes {{workers}};
        events { worker_connections {{OpenFiles.Limit - 100}}; }
        """;
}
