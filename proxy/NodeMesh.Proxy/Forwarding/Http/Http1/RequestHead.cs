using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>Writes the head of a request as HTTP/1.1: everything the downstream said but what was about its own connection (RFC 9110 section 7.6.1).</summary>
internal static class RequestHead
{
    /// <param name="authority">The Host for a downstream that sent none (HTTP/1.0): HTTP/1.1 must have one (RFC 9112 section 3.2).</param>
    /// <param name="isUpgrade">The downstream asks for an upgrade, and is passed on as doing so.</param>
    /// <exception cref="InvalidDataException">Something in it would read as more than it is. Kestrel lets no such thing pass; a rewrite might.</exception>
    public static void Write(Http1Connection to, string method, string target, IHeaderDictionary headers, string authority, bool isUpgrade)
    {
        Put(to, method, ' ');
        Put(to, target, ' ');
        Put(to, "HTTP/1.1\r\n");
        WriteField(to, HeaderNames.Host, headers.Host.Count > 0 ? headers.Host.ToString() : authority);
        var connection = headers.Connection;
        var nominated = MessageFields.Nominated(connection);
        foreach (var (name, values) in headers)
        {
            if (name.Length == 4 && name.Equals(HeaderNames.Host, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }
            if (MessageFields.IsOfConnection(name, values) || (nominated is not null && !isUpgrade && MessageFields.IsNominated(nominated, name)))
            {
                continue;
            }
            foreach (var value in values)
            {
                WriteField(to, name, value ?? "");
            }
        }
        if (isUpgrade)
        {
            WriteField(to, HeaderNames.Connection, connection.ToString());
            WriteField(to, HeaderNames.Upgrade, headers.Upgrade.ToString());
        }
        else if (nominated is not null && headers.TE.Count > 0 && MessageFields.IsNominated(nominated, HeaderNames.TE, evenTE: true))
        {
            WriteField(to, HeaderNames.Connection, HeaderNames.TE);
        }
        Put(to, "\r\n");
    }

    public static void WriteField(Http1Connection to, string name, string value)
    {
        if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            throw new InvalidDataException($"The value of {name} would read as more than one line.");
        }
        var length = name.Length + value.Length + 4;
        var space = to.Reserve(length);
        Encoding.Latin1.GetBytes(name, space);
        ": "u8.CopyTo(space[name.Length..]);
        Encoding.Latin1.GetBytes(value, space[(name.Length + 2)..]);
        "\r\n"u8.CopyTo(space[(length - 2)..]);
        to.Wrote(length);
    }

    private static void Put(Http1Connection to, string word, char end)
    {
        if (word.AsSpan().ContainsAny("\r\n\0 "))
        {
            throw new InvalidDataException("A method or request target would read as more than one word.");
        }
        Put(to, word);
        to.Reserve(1)[0] = (byte)end;
        to.Wrote(1);
    }

    private static void Put(Http1Connection to, string text) => to.Wrote(Encoding.Latin1.GetBytes(text, to.Reserve(text.Length)));
}
