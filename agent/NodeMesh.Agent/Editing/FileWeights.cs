using System.Security.Cryptography;
using System.Text;
using NodeMesh.Agent.Kernel;
using NodeMesh.Agent.Resources.Directory;

namespace NodeMesh.Agent.Editing;

/// <summary>Changes weights in the files of a directory, each in one step: nobody reads half a file, and owner, mode and everything but the weights stay.</summary>
internal sealed class FileWeights(string root) : IWeightEditor
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public Task<WeightEdit> PrepareAsync(WeightChange change, CancellationToken cancellation)
    {
        var found = Find(change);
        return Task.FromResult(new WeightEdit(found.Path, Fingerprint(found.Content), found.Before, found.After));
    }

    public async Task ApplyAsync(WeightChange change, WeightEdit edit, CancellationToken cancellation)
    {
        var found = Find(change);
        if (found.Path != edit.Where || Fingerprint(found.Content) != edit.State)
        {
            throw new EditException(EditFailure.Changed, $"{edit.Where} has been changed meanwhile: look at the change anew");
        }
        // Hidden, so that it is never read itself.
        var next = Path.Combine(Path.GetDirectoryName(found.Path)!, $".{Path.GetFileName(found.Path)}.{Guid.NewGuid():n}");
        try
        {
            await WriteAsync(next, found, cancellation).ConfigureAwait(false);
            File.Move(next, found.Path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EditException(EditFailure.Unwritable, $"{found.Path} can't be written: {e.Message}", e);
        }
        finally
        {
            File.Delete(next);
        }
    }

    private static async Task WriteAsync(string path, Found found, CancellationToken cancellation)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        await using var file = new FileStream(path, options);
        FileOwner.Copy(found.Path, path);
        File.SetUnixFileMode(file.SafeFileHandle, File.GetUnixFileMode(found.Path));
        await file.WriteAsync(Utf8.GetBytes(found.Text), cancellation).ConfigureAwait(false);
        file.Flush(flushToDisk: true);
    }

    private Found Find(WeightChange change)
    {
        try
        {
            foreach (var path in DirectoryReader.FilesOf(Path.GetFullPath(root)).Order(StringComparer.Ordinal))
            {
                var content = File.ReadAllBytes(path);
                var text = Utf8.GetString(content);
                if (WeightText.Change(text, change) is { } changed)
                {
                    return File.ResolveLinkTarget(path, returnFinalTarget: false) is null
                        ? new Found(path, content, changed.Before, changed.After, changed.Text)
                        : throw new EditException(EditFailure.Refused, $"{path} is a link, as of a mounted ConfigMap: change what it leads to");
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new EditException(EditFailure.Unwritable, $"the resources in {root} can't be read: {e.Message}", e);
        }
        throw new EditException(EditFailure.NotFound, $"no file in {root} has an HTTPRoute {change.Route}");
    }

    private static string Fingerprint(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private sealed record Found(string Path, byte[] Content, string Before, string After, string Text);
}
