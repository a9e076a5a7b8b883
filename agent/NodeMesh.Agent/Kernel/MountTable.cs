using System.Globalization;
using System.Text.RegularExpressions;

namespace NodeMesh.Agent.Kernel;

/// <summary>What is mounted where, from /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
internal static partial class MountTable
{
    public static IEnumerable<(string Path, string Type)> Read() => Parse(File.ReadLines("/proc/self/mountinfo"));

    internal static IEnumerable<(string Path, string Type)> Parse(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            // id parent major:minor root path options [optional]... - type source options
            var fields = line.Split(' ');
            var separator = Array.IndexOf(fields, "-");
            if (separator > 4 && separator + 1 < fields.Length)
            {
                yield return (Unescape(fields[4]), fields[separator + 1]);
            }
        }
    }

    private static string Unescape(string path) =>
        OctalEscape().Replace(path, match => ((char)Convert.ToInt32(match.ValueSpan[1..].ToString(), 8)).ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\\[0-7]{3}")]
    private static partial Regex OctalEscape();
}
