using System.Globalization;

namespace NodeMesh.Agent.Supervision;

/// <summary>A process that can't be mistaken for a later one with the same pid: pid and start time (proc_pid_stat(5), field 22, clock ticks since boot).</summary>
internal readonly record struct ProcessIdentity(int Pid, long StartTime)
{
    /// <summary>The running process with this pid; null when there is none, or it is a zombie.</summary>
    public static ProcessIdentity? Of(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The command name, in parentheses, may hold anything: fields are counted from the last parenthesis.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : new ProcessIdentity(pid, long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public bool IsAlive => Of(Pid) == this;

    public static ProcessIdentity? Load(string file)
    {
        try
        {
            var parts = File.ReadAllText(file).Split(' ');
            return parts.Length == 2
                && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid)
                && long.TryParse(parts[1], CultureInfo.InvariantCulture, out var start)
                ? new ProcessIdentity(pid, start)
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Save(string file) => File.WriteAllText(file, string.Create(CultureInfo.InvariantCulture, $"{Pid} {StartTime}"));
}
