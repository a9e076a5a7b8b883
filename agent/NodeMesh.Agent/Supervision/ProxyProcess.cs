using System.Diagnostics;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Supervision;

/// <summary>A running proxy: started by this agent, or by a predecessor that was killed.</summary>
internal sealed class ProxyProcess
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private ProxyProcess(ProcessIdentity identity, Task exited)
    {
        Identity = identity;
        Exited = exited;
    }

    public ProcessIdentity Identity { get; }

    public Task Exited { get; }

    /// <summary>
    /// Starts the proxy as a user of its own, with no capability and no way to gain one (setpriv(1)). It inherits the
    /// agent's stdout and stderr, not pipes, so that it can go on logging when the agent is gone.
    /// </summary>
    /// <param name="accessLogs">Where it may have files for access logs; null: nowhere.</param>
    /// <exception cref="AgentStartException">setpriv or the proxy can't be started.</exception>
    public static ProxyProcess Start(string executable, uint user, string runDirectory, string? accessLogs)
    {
        var start = new ProcessStartInfo("setpriv")
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            ArgumentList =
            {
                $"--reuid={user}", $"--regid={user}", "--clear-groups", "--no-new-privs",
                "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all",
                executable, "--run-dir", runDirectory,
            },
        };
        if (accessLogs is not null)
        {
            start.ArgumentList.Add("--access-log-dir");
            start.ArgumentList.Add(accessLogs);
        }
        try
        {
            var process = Process.Start(start)!;
            var identity = ProcessIdentity.Of(process.Id) ?? new ProcessIdentity(process.Id, 0);
            return new ProxyProcess(identity, process.WaitForExitAsync());
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new AgentStartException($"the proxy can't be started: setpriv: {e.Message}; install util-linux");
        }
    }

    /// <summary>Takes over the proxy that a predecessor of this agent started and wrote down.</summary>
    public static ProxyProcess? Adopt(string pidFile)
    {
        return ProcessIdentity.Load(pidFile) is { IsAlive: true } identity
            ? new ProxyProcess(identity, PollAsync(identity))
            : null;

        static async Task PollAsync(ProcessIdentity identity)
        {
            while (identity.IsAlive)
            {
                await Task.Delay(PollInterval).ConfigureAwait(false);
            }
        }
    }

    public void Kill() => Signal(ProcessSignal.Kill);

    public void Terminate() => Signal(ProcessSignal.Terminate);

    private void Signal(int signal)
    {
        if (Identity.IsAlive)
        {
            ProcessSignal.Send(Identity.Pid, signal);
        }
    }
}
