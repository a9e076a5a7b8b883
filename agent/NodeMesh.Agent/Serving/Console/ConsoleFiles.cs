using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>The page, its script and its style, as agent/console builds them. Whoever builds the agent alone has none.</summary>
internal sealed class ConsoleFiles
{
    public const string Index = "index.html";

    private const string Prefix = "console/";

    private static readonly FrozenDictionary<string, string> ContentTypes = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml",
    }.ToFrozenDictionary();

    private readonly FrozenDictionary<string, ConsoleFile> _files;

    /// <param name="files">By the name after /console/.</param>
    public ConsoleFiles(IReadOnlyDictionary<string, byte[]> files) => _files = files.ToFrozenDictionary(
        file => file.Key,
        file => new ConsoleFile(file.Value, ContentTypes.GetValueOrDefault(Path.GetExtension(file.Key), "application/octet-stream"), $"\"{Convert.ToHexStringLower(SHA256.HashData(file.Value))[..16]}\""));

    /// <summary>Those that were built into this program.</summary>
    public static ConsoleFiles Embedded { get; } = new(Read(typeof(ConsoleFiles).Assembly));

    public bool IsBuilt => _files.ContainsKey(Index);

    /// <returns>null: there is no such file.</returns>
    public ConsoleFile? Find(string name) => _files.GetValueOrDefault(name);

    private static Dictionary<string, byte[]> Read(Assembly assembly) => assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToDictionary(name => name[Prefix.Length..], name =>
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        });
}
