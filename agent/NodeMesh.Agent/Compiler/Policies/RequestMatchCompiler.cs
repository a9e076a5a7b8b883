using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

internal static class RequestMatchCompiler
{
    /// <exception cref="UnsupportedException">It can't be carried out as written.</exception>
    public static IEnumerable<Contract.RequestMatch> Compile(IEnumerable<RequestMatch> matches) => matches.Select(match =>
    {
        var message = new Contract.RequestMatch { Path = match.Path is null ? null : MatchCompiler.Path(match.Path), Method = match.Method ?? "" };
        message.Headers.AddRange(MatchCompiler.Headers(match.Headers));
        return message;
    });

    public static uint Milliseconds(string? duration) =>
        duration is not null && GatewayDuration.TryParse(duration, out var time) ? (uint)Math.Clamp(time.TotalMilliseconds, 1, uint.MaxValue) : 0;
}
