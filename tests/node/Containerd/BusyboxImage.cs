using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace NodeMesh.NodeTests.Containerd;

/// <summary>An image that holds Debian's static busybox and nothing else, in the archive that `docker save` writes.</summary>
public static class BusyboxImage
{
    public const string Name = "nodemesh.test/busybox:1";

    private const string Busybox = "/bin/busybox";

    public static async Task WriteAsync(string file)
    {
        var layer = new MemoryStream();
        await using (var tar = new TarWriter(layer, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, "bin/") { Mode = (UnixFileMode)0b111_101_101 });
            await tar.WriteEntryAsync(Busybox, "bin/busybox");
        }
        var digest = Convert.ToHexStringLower(SHA256.HashData(layer.GetBuffer().AsSpan(0, (int)layer.Length)));
        await using var archive = new TarWriter(File.Create(file), TarEntryFormat.Ustar);
        await WriteAsync(archive, "layer.tar", layer);
        // What runs unless the container says otherwise: the sandbox, which only has to be there.
        var machine = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        await WriteAsync(archive, "config.json", Text($$$"""
            {"architecture":"{{{machine}}}","os":"linux","config":{"Entrypoint":["{{{Busybox}}}","sleep","infinity"]},"rootfs":{"type":"layers","diff_ids":["sha256:{{{digest}}}"]}}
            """));
        await WriteAsync(archive, "manifest.json", Text($$"""[{"Config":"config.json","RepoTags":["{{Name}}"],"Layers":["layer.tar"]}]"""));
    }

    private static MemoryStream Text(string text) => new(Encoding.UTF8.GetBytes(text));

    private static Task WriteAsync(TarWriter archive, string name, MemoryStream content)
    {
        content.Position = 0;
        return archive.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = content });
    }
}
