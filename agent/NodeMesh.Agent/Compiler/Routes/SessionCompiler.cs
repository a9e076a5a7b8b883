using System.Security.Cryptography;
using System.Text;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>Session persistence as the proxy has it, of a route's rule or of a Service.</summary>
internal static class SessionCompiler
{
    private const int NameBytes = 4;

    /// <param name="owner">Whose it is: what has no name gets one that no other owner has, and that is the same on every node.</param>
    /// <param name="path">Of the cookie.</param>
    /// <exception cref="UnsupportedException">It can't be had in this way.</exception>
    public static Contract.SessionPersistence Compile(RouteSessionPersistence session, string owner, string path)
    {
        if (session.Type is not ("Cookie" or "Header"))
        {
            throw new UnsupportedException($"session persistence by \"{session.Type}\" is not supported");
        }
        return new Contract.SessionPersistence
        {
            ByHeader = session.Type == "Header",
            Name = session.SessionName ?? $"nodemesh-session-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(owner)), 0, NameBytes)}",
            Path = path,
            AbsoluteTimeoutSeconds = session.AbsoluteTimeout is { } text && GatewayDuration.TryParse(text, out var time) ? (uint)Math.Min(Math.Ceiling(time.TotalSeconds), uint.MaxValue) : 0,
            Permanent = session.CookieConfig?.LifetimeType == "Permanent",
        };
    }
}
