using System.Globalization;
using System.Net;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using NodeMesh.Contract;
using NodeMesh.Contract.External;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http.Services;

/// <summary>
/// Has a Service decide about a request: by HTTP, where 200 allows, or by Envoy's protocol over gRPC. What it answers otherwise is passed on to the
/// client; when it can't be asked, nobody passes.
/// <list type="number">
/// <item>Read the body, if it wants one.</item>
/// <item>Ask.</item>
/// <item>Change the request as it says, or pass its refusal on.</item>
/// </list>
/// </summary>
internal sealed partial class ExternalAuthorizer(ServiceCaller caller, TimeProvider time, PolicyMetrics metrics, ILogger<ExternalAuthorizer> logger)
{
    private const string CheckPath = "/envoy.service.auth.v3.Authorization/Check";
    private const string GatewayRoute = "HTTPRoute"; // no other kind has this filter
    private const int MaxRefusal = 64 * 1024;
    private const int TooLarge = 413;
    private const int Forbidden = 403;
    private const int Unauthorized = 401;

    /// <returns>null: it may go on; else it has been answered.</returns>
    public async ValueTask<ExchangeOutcome?> AskAsync(HttpExchange exchange, RouteChoice choice, RequestHead head, ExternalAuth filter)
    {
        var outcome = await DecideAsync(exchange, choice, head, filter);
        if (outcome is { Reason: Reason.Denied or Reason.ExternalAuth })
        {
            exchange.Record?.DecidedBy(GatewayRoute, choice.Rule!.Route);
        }
        return outcome;
    }

    private async ValueTask<ExchangeOutcome?> DecideAsync(HttpExchange exchange, RouteChoice choice, RequestHead head, ExternalAuth filter)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(exchange.Gone);
        limit.CancelAfter(TimeSpan.FromMilliseconds(filter.TimeoutMilliseconds));
        try
        {
            // :: Step 1: read the body, if it wants one.
            byte[] body = [];
            if (filter.ForwardsBody && exchange.HasRequestBody)
            {
                // A client may take its time: what is limited is how long the Service is waited for.
                if (await BoundedBody.ReadAsync(exchange.Feature<IRequestBodyPipeFeature>()!.Reader, (int)filter.MaxBodyBytes, exchange.Gone) is not { } whole)
                {
                    return Refuse(exchange, TooLarge, Reason.Denied, Reason.Denied.GrpcStatus());
                }
                body = whole;
                exchange.Features.Set<IRequestBodyPipeFeature>(new KeptBody(body));
                limit.CancelAfter(TimeSpan.FromMilliseconds(filter.TimeoutMilliseconds));
            }

            // :: Step 2: ask. Step 3: change the request as it says, or pass its refusal on.
            return filter.Grpc
                ? await AskGrpcAsync(exchange, choice, head, filter, body, limit.Token)
                : await AskHttpAsync(exchange, choice, head, filter, body, limit.Token);
        }
        catch (Exception) when (exchange.IsGone)
        {
            return exchange.DownstreamGone();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            metrics.Unanswered(filter.Port.Service, "authorization");
            LogFailed(logger, choice.Rule!.Route, filter.Port.Service, exception.Message);
            return Refuse(exchange, Reason.ExternalAuth.HttpStatus(), Reason.ExternalAuth, Reason.ExternalAuth.GrpcStatus());
        }
    }

    private async Task<ExchangeOutcome?> AskHttpAsync(HttpExchange exchange, RouteChoice choice, RequestHead head, ExternalAuth filter, byte[] body, CancellationToken limit)
    {
        using var request = new HttpRequestMessage(new HttpMethod(head.Method), (Uri?)null) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(body);
        }
        request.Headers.Host = head.Authority;
        Copy("authorization");
        foreach (var name in filter.AllowedHeaders)
        {
            Copy(name);
        }
        using var response = await caller.SendAsync(exchange, choice, filter.Port, request, filter.PathPrefix + head.Target, limit);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var refusal = await BoundedBody.ReadAsync(response.Content, MaxRefusal, limit);
            return await PassOnAsync(exchange, (int)response.StatusCode, Fields(response), refusal);
        }
        foreach (var (name, values) in Fields(response))
        {
            if (filter.AllowedResponseHeaders.Count == 0 ? IsOfRequest(name) : filter.AllowedResponseHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                exchange.Request.Headers[name] = values;
            }
        }
        return null;

        void Copy(string name)
        {
            if (exchange.Request.Headers.TryGetValue(name, out var values) && !IsOfMessage(name)
                && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                // The framework keeps what is about the body apart.
                (request.Content ??= new ByteArrayContent([])).Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }
    }

    private async Task<ExchangeOutcome?> AskGrpcAsync(HttpExchange exchange, RouteChoice choice, RequestHead head, ExternalAuth filter, byte[] body, CancellationToken limit)
    {
        using var request = GrpcUnary.Request(Check(exchange, choice, head, filter, body), filter.Port.Service, TimeSpan.FromMilliseconds(filter.TimeoutMilliseconds));
        using var response = await caller.SendAsync(exchange, choice, filter.Port, request, CheckPath, limit);
        var answer = await GrpcUnary.ReadAsync(response, CheckResponse.Parser, limit);
        if ((answer.Status?.Code ?? 0) != 0)
        {
            var denied = answer.DeniedResponse ?? new DeniedHttpResponse();
            return await PassOnAsync(
                exchange, denied.Status is { Code: >= 300 and <= 599 } status ? status.Code : Forbidden,
                denied.Headers.Select(option => (option.Header.Key, new StringValues(Text(option.Header)))), Encoding.UTF8.GetBytes(denied.Body));
        }
        var headers = exchange.Request.Headers;
        foreach (var name in answer.OkResponse?.HeadersToRemove ?? [])
        {
            if (!name.StartsWith(':') && !name.Equals("host", StringComparison.OrdinalIgnoreCase))
            {
                headers.Remove(name);
            }
        }
        foreach (var option in answer.OkResponse?.Headers ?? [])
        {
            if (!option.Header.Key.StartsWith(':') && !IsOfMessage(option.Header.Key))
            {
                headers[option.Header.Key] = option.Append == true ? StringValues.Concat(headers[option.Header.Key], Text(option.Header)) : Text(option.Header);
            }
        }
        if (answer.OkResponse is { ResponseHeadersToAdd.Count: > 0 } more)
        {
            exchange.AddedFields = [.. more.ResponseHeadersToAdd.Where(option => !IsOfMessage(option.Header.Key)).Select(option => (option.Header.Key, Text(option.Header), option.Append == true))];
        }
        return null;
    }

    private CheckRequest Check(HttpExchange exchange, RouteChoice choice, RequestHead head, ExternalAuth filter, byte[] body)
    {
        var downstream = exchange.Connection.Downstream;
        var http = new AttributeContext.Types.HttpRequest
        {
            Id = exchange.Request.Headers["x-request-id"].ToString(),
            Method = head.Method,
            Path = head.Target,
            Host = head.Authority,
            Scheme = "http",
            Size = exchange.HasRequestBody ? exchange.Request.Headers.ContentLength ?? -1 : 0,
            Protocol = exchange.Connection.Http2 ? "HTTP/2" : "HTTP/1.1",
            RawBody = UnsafeByteOperations.UnsafeWrap(body),
        };
        foreach (var (name, values) in exchange.Request.Headers)
        {
            if (filter.AllowedHeaders.Count == 0 || filter.AllowedHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                http.Headers[name.ToLowerInvariant()] = values.ToString();
            }
        }
        var source = downstream.Route.Source;
        var check = new CheckRequest
        {
            Attributes = new AttributeContext
            {
                Source = Peer(downstream.Client, source is null ? "" : $"{source.Namespace}/{source.Owner}", source is null ? "" : $"{source.Namespace}/{source.ServiceAccount}"),
                Destination = Peer(downstream.OriginalDestination, choice.Port?.Service ?? "", ""),
                Request = new AttributeContext.Types.Request { Time = Timestamp.FromDateTimeOffset(time.GetUtcNow()), Http = http },
            },
        };
        check.Attributes.ContextExtensions["route"] = choice.Rule!.Route;
        return check;
    }

    private static AttributeContext.Types.Peer Peer(IPEndPoint address, string service, string principal) => new()
    {
        Address = new SocketAddressOf { SocketAddress = new NodeMesh.Contract.External.SocketAddress { Address = address.Address.ToString(), PortValue = (uint)address.Port } },
        Service = service,
        Principal = principal,
    };

    /// <summary>The refusal as the Service has it, marked as the mesh's own.</summary>
    private static async Task<ExchangeOutcome> PassOnAsync(HttpExchange exchange, int status, IEnumerable<(string Name, StringValues Values)> fields, byte[] body)
    {
        if (exchange.IsGrpc)
        {
            return Refuse(exchange, status, Reason.Denied, status == Unauthorized ? GrpcStatusCode.Unauthenticated : Reason.Denied.GrpcStatus());
        }
        var response = exchange.Response;
        response.StatusCode = status;
        foreach (var (name, values) in fields)
        {
            if (!IsOfMessage(name))
            {
                response.Headers[name] = values;
            }
        }
        response.Headers[MeshAnswer.ErrorHeader] = Reason.Denied.Word();
        response.Headers.ContentLength = body.Length;
        if (body.Length > 0 && exchange.Request.Method != "HEAD")
        {
            await exchange.ResponseBody.Writer.WriteAsync(body, exchange.Gone);
        }
        return new ExchangeOutcome(status, null, Reason.Denied, HasAnswer: true);
    }

    private static ExchangeOutcome Refuse(HttpExchange exchange, int status, Reason reason, string grpcStatus)
    {
        MeshAnswer.Write(exchange, exchange.IsGrpc, status, reason);
        if (!exchange.IsGrpc)
        {
            return new ExchangeOutcome(status, null, reason, HasAnswer: true);
        }
        exchange.Response.Headers[GrpcAnswer.StatusHeader] = grpcStatus;
        return new ExchangeOutcome(200, grpcStatus, reason, HasAnswer: true);
    }

    private static IEnumerable<(string Name, StringValues Values)> Fields(HttpResponseMessage response) =>
        response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated).Select(field => (field.Key, new StringValues([.. field.Value])));

    private static string Text(NodeMesh.Contract.External.HeaderValue header) => header.RawValue.Length > 0 ? Encoding.Latin1.GetString(header.RawValue.Span) : header.Value;

    // What says how long a message is and which connection it is on is the proxy's.
    private static bool IsOfMessage(string name) =>
        MessageFields.IsOfConnection(name) || name.ToLowerInvariant() is "host" or "content-length" or "transfer-encoding" or "te" or "trailer" || name.StartsWith(':');

    // Without a list everything goes on but what is about the answer itself.
    private static bool IsOfRequest(string name) => !IsOfMessage(name) && name.ToLowerInvariant() is not ("date" or "server" or "content-type" or "content-encoding" or "content-language" or "etag" or "last-modified");

    [LoggerMessage(EventName = "ExternalAuthFailed", Level = LogLevel.Warning, Message = "{Route}: {Service} could not be asked, and nobody passes: {Error}")]
    private static partial void LogFailed(ILogger logger, string route, string service, string error);
}
