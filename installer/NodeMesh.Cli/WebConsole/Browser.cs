using System.ComponentModel;
using System.Diagnostics;

namespace NodeMesh.Cli.WebConsole;

/// <summary>The browser of who sits at this machine, if anybody does.</summary>
internal static class Browser
{
    private static bool HasScreen => Environment.GetEnvironmentVariable("DISPLAY") is { Length: > 0 } || Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is { Length: > 0 };

    /// <returns>False: there is none.</returns>
    public static bool TryOpen(Uri address)
    {
        if (!HasScreen)
        {
            return false;
        }
        try
        {
            using var process = Process.Start(new ProcessStartInfo("xdg-open", [address.ToString()]) { RedirectStandardOutput = true, RedirectStandardError = true });
            return process is not null;
        }
        catch (Win32Exception)
        {
            return false; // a screen, but no desktop
        }
    }
}
