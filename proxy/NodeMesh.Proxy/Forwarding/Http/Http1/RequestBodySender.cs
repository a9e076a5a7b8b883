using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>
/// Takes a request's body from the downstream to the upstream while the response may come the other way. What is there is gathered and sent;
/// nothing is held back, and head and body of a small request leave in one packet.
/// </summary>
internal sealed class RequestBodySender(Http1Connection connection)
{
    // The size in hex, and three line ends.
    private const int ChunkOverhead = 16 + 6;

    private PipeReader? _downstream;
    private IHttpRequestTrailersFeature? _trailers;
    private bool _isChunked;
    private volatile bool _isStopped;

    /// <summary>All of it was sent, or there was none.</summary>
    public bool IsSent { get; private set; }

    /// <summary>Something of it was taken from the downstream: the request can't be sent again.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Why the downstream's side failed, if it did.</summary>
    public Exception? DownstreamFailure { get; private set; }

    /// <summary>The upstream takes no more of it.</summary>
    public bool IsRefused { get; private set; }

    /// <param name="downstream">null: no body.</param>
    /// <param name="trailers">What may follow the body; null: its length is declared.</param>
    public void Reset(PipeReader? downstream, bool isChunked, IHttpRequestTrailersFeature? trailers)
    {
        _downstream = downstream;
        _isChunked = isChunked;
        _trailers = trailers;
        _isStopped = HasBegun = IsRefused = false;
        IsSent = downstream is null;
        DownstreamFailure = null;
    }

    /// <summary>Puts what has come of the body beside the head, as far as it fits.</summary>
    public void AddWhatIsThere()
    {
        try
        {
            while (!IsSent && connection.WriteSpace > ChunkOverhead && _downstream!.TryRead(out var result))
            {
                Take(result);
            }
        }
        catch (Exception exception)
        {
            DownstreamFailure = exception;
        }
    }

    /// <summary>Sends the rest. Never throws; a failure of the downstream ends the exchange, one of the upstream does not: it may have answered.</summary>
    public async Task SendAsync()
    {
        var isDownstreams = false;
        try
        {
            while (!_isStopped && DownstreamFailure is null)
            {
                isDownstreams = true;
                if (!_downstream!.TryRead(out var result))
                {
                    isDownstreams = false;
                    await connection.SendAsync();
                    isDownstreams = true;
                    result = await _downstream.ReadAsync();
                }
                var isFull = Take(result);
                isDownstreams = false;
                if (IsSent || isFull)
                {
                    await connection.SendAsync();
                }
                if (IsSent)
                {
                    connection.RequestIsSent();
                    return;
                }
            }
        }
        catch (Exception exception) when (isDownstreams)
        {
            DownstreamFailure = exception;
        }
        catch
        {
            IsRefused = true;
            IsSent = false;
            return;
        }
        if (DownstreamFailure is not null)
        {
            connection.Abort();
        }
    }

    /// <summary>Nobody wants the rest.</summary>
    public void Stop()
    {
        _isStopped = true;
        _downstream!.CancelPendingRead();
    }

    // True: there was more than fits.
    private bool Take(in ReadResult result)
    {
        var buffer = result.Buffer;
        HasBegun |= !buffer.IsEmpty;
        var length = (int)Math.Min(buffer.Length, Math.Max(0, connection.WriteSpace - ChunkOverhead));
        if (length > 0)
        {
            Write(buffer.Slice(0, length));
        }
        var isFull = length < buffer.Length;
        var isLast = result.IsCompleted && !isFull;
        _downstream!.AdvanceTo(buffer.GetPosition(length), isFull ? buffer.GetPosition(length) : buffer.End);
        if (isLast)
        {
            HasBegun = true;
            if (_isChunked)
            {
                WriteLastChunk();
            }
            IsSent = true;
        }
        return isFull;
    }

    private void Write(ReadOnlySequence<byte> data)
    {
        var length = (int)data.Length;
        if (!_isChunked)
        {
            data.CopyTo(connection.Reserve(length));
            connection.Wrote(length);
            return;
        }
        var space = connection.Reserve(length + ChunkOverhead);
        Utf8Formatter.TryFormat(length, space, out var digits, 'x');
        "\r\n"u8.CopyTo(space[digits..]);
        data.CopyTo(space[(digits + 2)..]);
        "\r\n"u8.CopyTo(space[(digits + 2 + length)..]);
        connection.Wrote(digits + length + 4);
    }

    private void WriteLastChunk()
    {
        Put("0\r\n"u8);
        if (_trailers is { Available: true, Trailers: var trailers })
        {
            foreach (var (name, values) in trailers)
            {
                if (!MessageFields.MayTrail(name))
                {
                    continue;
                }
                foreach (var value in values)
                {
                    RequestHead.WriteField(connection, name, value ?? "");
                }
            }
        }
        Put("\r\n"u8);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(connection.Reserve(bytes.Length));
        connection.Wrote(bytes.Length);
    }
}
