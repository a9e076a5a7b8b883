using System.Globalization;

namespace NodeMesh.Agent.Resources.Model;

/// <summary>Sizes of files as Kubernetes writes those of volumes, so far as the mesh takes them: a number of at most six digits, and Ki, Mi or Gi.</summary>
internal static class FileSize
{
    private const int MaxDigits = 6;

    public static bool TryParse(string text, out long bytes)
    {
        var shift = text switch
        {
            [.., 'K', 'i'] => 10,
            [.., 'M', 'i'] => 20,
            [.., 'G', 'i'] => 30,
            _ => 0,
        };
        bytes = 0;
        if (shift == 0 || text.Length > MaxDigits + 2 || !long.TryParse(text.AsSpan(..^2), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
        {
            return false;
        }
        bytes = number << shift;
        return true;
    }
}
