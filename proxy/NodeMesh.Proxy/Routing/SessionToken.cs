using System.Globalization;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Routing;

/// <summary>
/// What a client brings back so that its session stays where it began: a hash of the endpoint, which tells nothing about it and is the same on
/// every node, and when the session began. Of an endpoint that is gone or not ready it says nothing, and the session begins again.
/// </summary>
internal static class SessionToken
{
    public static ulong Of(EndpointEntry endpoint)
    {
        var key = AddressKey.From(endpoint.Address);
        var hash = (key.High * 0x9E37_79B9_7F4A_7C15) ^ ((key.Low + (ulong)key.Port) * 0xC2B2_AE3D_27D4_EB4F) ^ ((ulong)key.Port << 47);
        hash ^= hash >> 29;
        hash *= 0xBF58_476D_1CE4_E5B9;
        return hash ^ (hash >> 32);
    }

    public static string Write(EndpointEntry endpoint, DateTimeOffset began) =>
        string.Create(CultureInfo.InvariantCulture, $"{Of(endpoint):x16}.{began.ToUnixTimeSeconds():x}");

    /// <summary>null: the request belongs to no session, or to one that is over.</summary>
    public static ulong? Read(SessionPersistence session, in RequestHead head, DateTimeOffset now)
    {
        var text = session.ByHeader ? head.Field(session.Name) : Cookie(head.Field("cookie"), session.Name);
        if (text?.IndexOf('.') is not { } dot || dot < 0
            || !ulong.TryParse(text.AsSpan(0, dot), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var token)
            || !long.TryParse(text.AsSpan(dot + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var began))
        {
            return null;
        }
        var age = now.ToUnixTimeSeconds() - began;
        return session.AbsoluteTimeoutSeconds > 0 && age >= session.AbsoluteTimeoutSeconds ? null : token;
    }

    /// <summary>The field of the response that begins a session there; null: the request belongs to it already.</summary>
    public static (string Name, string Value, bool IsBeside)? Begin(SessionPersistence session, EndpointEntry endpoint, in RequestHead head, DateTimeOffset now)
    {
        if (Read(session, head, now) == Of(endpoint))
        {
            return null;
        }
        var token = Write(endpoint, now);
        return session.ByHeader ? (session.Name, token, false) : ("Set-Cookie", SetCookie(session, token), true);
    }

    private static string SetCookie(SessionPersistence session, string token) =>
        $"{session.Name}={token}; Path={session.Path}{(session.Permanent ? $"; Max-Age={session.AbsoluteTimeoutSeconds}" : "")}; HttpOnly; SameSite=Lax";

    private static string? Cookie(string? header, string name)
    {
        foreach (var range in header.AsSpan().Split(';'))
        {
            var pair = header.AsSpan()[range].Trim();
            if (pair.Length > name.Length && pair[name.Length] == '=' && pair.StartsWith(name))
            {
                return pair[(name.Length + 1)..].ToString();
            }
        }
        return null;
    }
}
