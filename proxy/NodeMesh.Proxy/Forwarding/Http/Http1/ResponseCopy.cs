using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>
/// Brings a response to the downstream. What is there goes into the downstream's buffer, which is flushed before waiting for more: nothing is held
/// back, a head without a body yet goes out too, and a small response leaves in one packet.
/// </summary>
internal static class ResponseCopy
{
    // Beyond this the copy waits for the downstream: back-pressure.
    private const int FlushThreshold = 32 * 1024;

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <returns>False: the downstream shall not see it.</returns>
    public static bool Head(ResponseHead from, HttpExchange exchange, BodyLength length, bool isTunnel)
    {
        var to = exchange.Response;
        to.StatusCode = from.Status;
        to.ReasonPhrase = from.ReasonPhrase;
        var fields = from.Fields;
        var headers = to.Headers;
        // Without a body a coding of it says nothing; HTTP/1.0 knows none.
        var withCoding = length is BodyLength.Chunked or BodyLength.UntilClose && IsHttp11(exchange);
        var withLength = !from.HasTransferEncoding && from.Status is not 204;
        for (var index = 0; index < fields.Count; index++)
        {
            ref readonly var field = ref fields[index];
            if ((!isTunnel && MessageFields.IsOfConnection(field.Name))
                || (!withCoding && Is(field.Name, HeaderNames.TransferEncoding))
                || (!withLength && Is(field.Name, HeaderNames.ContentLength)))
            {
                continue;
            }
            if (Is(field.Name, HeaderNames.ContentLength))
            {
                headers.ContentLength = from.ContentLength;
            }
            else if (fields.IsRepeated(index))
            {
                headers[field.Name] = StringValues.Concat(headers[field.Name], field.Value);
            }
            else
            {
                headers[field.Name] = field.Value;
            }
        }
        return exchange.HeadHasCome();
    }

    /// <returns>False: it broke off.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<bool> BodyAsync(Http1Connection from, HttpExchange exchange, BodyLength length)
    {
        if (length == BodyLength.None || exchange.Response.StatusCode == StatusCodes.Status205ResetContent)
        {
            return true;
        }
        var body = exchange.ResponseBody;
        await body.StartAsync();
        var isWhole = length switch
        {
            BodyLength.Declared => await DeclaredAsync(from, body.Writer, from.Head.ContentLength!.Value),
            BodyLength.Chunked => await ChunkedAsync(from, body.Writer, IsHttp11(exchange)),
            _ => await UntilCloseAsync(from, body.Writer),
        };
        if (length == BodyLength.Chunked && exchange.Connection.Http2 && exchange.Feature<IHttpResponseTrailersFeature>() is { Trailers: { IsReadOnly: false } trailers })
        {
            CopyTrailers(from.Trailers, trailers);
        }
        if (isWhole && body.Writer.UnflushedBytes > 0)
        {
            // Kestrel itself flushes at the end only what was never flushed before.
            await FlushAsync(body.Writer);
        }
        return isWhole;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<bool> DeclaredAsync(Http1Connection from, PipeWriter to, long remaining)
    {
        while (true)
        {
            var count = (int)Math.Min(remaining, from.Unread.Length);
            to.Write(from.Unread[..count]);
            from.Consume(count);
            remaining -= count;
            if (remaining == 0)
            {
                return true;
            }
            if (to.UnflushedBytes >= FlushThreshold)
            {
                await FlushAsync(to);
            }
            if (!await MoreAsync(from, to))
            {
                return false;
            }
        }
    }

    private static async ValueTask<bool> UntilCloseAsync(Http1Connection from, PipeWriter to)
    {
        while (true)
        {
            to.Write(from.Unread);
            from.Consume(from.Unread.Length);
            await FlushAsync(to);
            if (!await from.FillAsync())
            {
                return true;
            }
        }
    }

    // To HTTP/1.1 it goes in chunks again: with Transfer-Encoding set, Kestrel leaves them to us, and the trailers too.
    private static async ValueTask<bool> ChunkedAsync(Http1Connection from, PipeWriter to, bool inChunks)
    {
        var chunks = new ChunkedBody();
        while (true)
        {
            var status = Next(from, to, ref chunks, inChunks, out var wrote);
            if (status == ParseStatus.Malformed)
            {
                return false;
            }
            if (status == ParseStatus.Complete)
            {
                return true;
            }
            if (to.UnflushedBytes >= FlushThreshold)
            {
                await FlushAsync(to);
            }
            if (wrote > 0)
            {
                continue;
            }
            if (!await MoreAsync(from, to))
            {
                return false;
            }
        }
    }

    private static ParseStatus Next(Http1Connection from, PipeWriter to, ref ChunkedBody chunks, bool inChunks, out int wrote)
    {
        var status = chunks.Next(from.Unread, out var consumed, out var data, from.Trailers);
        wrote = data.Length;
        if (wrote > 0)
        {
            if (inChunks)
            {
                var space = to.GetSpan(18);
                Utf8Formatter.TryFormat(data.Length, space, out var digits, 'x');
                LineEnd.CopyTo(space[digits..]);
                to.Advance(digits + 2);
                to.Write(data);
                to.Write(LineEnd);
            }
            else
            {
                to.Write(data);
            }
        }
        else if (status == ParseStatus.Complete && inChunks)
        {
            to.Write("0\r\n"u8);
            WriteTrailers(from.Trailers, to);
            to.Write(LineEnd);
        }
        from.Consume(consumed);
        return status;
    }

    // HTTP/2 has frames of its own for them.
    private static void CopyTrailers(FieldList from, IHeaderDictionary to)
    {
        for (var index = 0; index < from.Count; index++)
        {
            ref readonly var field = ref from[index];
            if (MessageFields.MayTrail(field.Name))
            {
                to[field.Name] = StringValues.Concat(to[field.Name], field.Value);
            }
        }
    }

    private static void WriteTrailers(FieldList trailers, PipeWriter to)
    {
        for (var index = 0; index < trailers.Count; index++)
        {
            ref readonly var field = ref trailers[index];
            if (MessageFields.MayTrail(field.Name))
            {
                Encoding.Latin1.GetBytes($"{field.Name}: {field.Value}\r\n", to);
            }
        }
    }

    private static ValueTask<bool> MoreAsync(Http1Connection from, PipeWriter to)
    {
        var more = from.FillAsync();
        return more.IsCompleted ? more : FlushMeanwhileAsync(from, to, more.AsTask());
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<bool> FlushMeanwhileAsync(Http1Connection from, PipeWriter to, Task<bool> more)
    {
        var isGone = true;
        try
        {
            isGone = (await to.FlushAsync()).IsCompleted;
        }
        finally
        {
            if (isGone)
            {
                // The read under way must end before its buffer is given back.
                from.Abort();
                await ((Task)more).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        return !isGone && await more;
    }

    private static async ValueTask FlushAsync(PipeWriter to)
    {
        var flushed = await to.FlushAsync();
        if (flushed.IsCompleted)
        {
            throw new OperationCanceledException("the downstream is gone");
        }
    }

    private static bool IsHttp11(HttpExchange exchange) => exchange.Request.Protocol == "HTTP/1.1";

    private static bool Is(string one, string other) => one.Length == other.Length && one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
