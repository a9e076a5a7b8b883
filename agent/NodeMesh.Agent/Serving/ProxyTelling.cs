using Microsoft.Extensions.Logging;

namespace NodeMesh.Agent.Serving;

/// <summary>Tells a proxy that may be gone: its end is noticed and dealt with where the link is.</summary>
internal static partial class ProxyTelling
{
    /// <returns>False: it is gone.</returns>
    public static bool TryTell(this ProxyLink link, ILogger log, Action<ProxyLink> what)
    {
        try
        {
            what(link);
            return true;
        }
        catch (IOException e)
        {
            LogUntold(log, link.Pid, e.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, EventName = "ProxyUntold", Message = "proxy {Pid} could not be told of a pod: {Error}")]
    private static partial void LogUntold(ILogger log, int pid, string error);
}
