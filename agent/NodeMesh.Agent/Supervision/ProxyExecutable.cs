using System.Globalization;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Supervision;

/// <summary>
/// The proxy's file, where the proxy's user can execute it: a build below root's home directory can't be reached by
/// another user, so it is copied into the state directory then.
/// </summary>
internal static class ProxyExecutable
{
    /// <exception cref="AgentStartException">There is no such file.</exception>
    public static string Reachable(string executable, StateDirectory state, uint user)
    {
        var file = new FileInfo(Path.GetFullPath(executable));
        if (!file.Exists)
        {
            throw new AgentStartException($"no proxy at {file.FullName}: build it (make build), or say where it is with --proxy");
        }
        if (OthersMayExecute(file))
        {
            return file.FullName;
        }

        var stamp = file.LastWriteTimeUtc.Ticks.ToString("x", CultureInfo.InvariantCulture);
        var copy = Path.Combine(state.Proxy, $"nodemesh-proxy-{stamp}");
        if (!File.Exists(copy))
        {
            file.CopyTo(copy);
            FileOwner.SetGroup(copy, user);
            File.SetUnixFileMode(copy, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
        }
        return copy;
    }

    private static bool OthersMayExecute(FileInfo file)
    {
        const UnixFileMode both = UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        if ((file.UnixFileMode & both) != both)
        {
            return false;
        }
        for (var directory = file.Directory; directory is not null; directory = directory.Parent)
        {
            if ((directory.UnixFileMode & UnixFileMode.OtherExecute) == 0)
            {
                return false;
            }
        }
        return true;
    }
}
