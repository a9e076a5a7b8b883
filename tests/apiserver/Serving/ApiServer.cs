using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using NodeMesh.TestApiServer.Faults;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>An API server that speaks the protocol of Kubernetes over a store in memory, and fails as it is told.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    private readonly ApiServerOptions _options;
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ApiRequest> _requests = new();
    private readonly Reads _reads;
    private readonly Watches _watches;
    private readonly Writes _writes;
    private readonly Discovery _discovery;
    private readonly PodProxy _proxy;
    private int _connections;
    private CancellationTokenSource _up = new();

    private ApiServer(ApiServerOptions options, ObjectStore store)
    {
        _options = options;
        Store = store;
        Customs = new CustomResources(store);
        _reads = new Reads(store);
        _watches = new Watches(store, options);
        _writes = new Writes(store, Customs);
        _discovery = new Discovery(store);
        _proxy = new PodProxy(store, options);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 32 << 20;
            if (options.Socket is { } socket)
            {
                kestrel.ListenHandle(socket, Configure);
            }
            else
            {
                kestrel.Listen(options.Address, Configure);
            }
        });
        _app = builder.Build();
        _app.Run(ServeAsync);

        void Configure(ListenOptions listen)
        {
            listen.Use(next => connection =>
            {
                Interlocked.Increment(ref _connections);
                return next(connection);
            });
            if (options.Certificate is { } certificate)
            {
                listen.UseHttps(certificate);
            }
            else
            {
                listen.Protocols = HttpProtocols.Http1;
            }
        }
    }

    public ObjectStore Store { get; }

    public CustomResources Customs { get; }

    public FaultPlan Faults { get; } = new();

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>What was asked so far.</summary>
    public IReadOnlyCollection<ApiRequest> Requests => _requests;

    /// <summary>How many connections were made so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public int OpenWatches => _watches.Open;

    /// <summary>The version that every open watch has been told of by a bookmark.</summary>
    public long Told => _watches.Told;

    public static async Task<ApiServer> StartAsync(ApiServerOptions? options = null, ObjectStore? store = null)
    {
        var server = new ApiServer(options ?? new ApiServerOptions(), store ?? new ObjectStore());
        await server._app.StartAsync();
        if (server._options.Socket is null)
        {
            server.Address = new Uri(server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        }
        return server;
    }

    public void ForgetRequests() => _requests.Clear();

    /// <summary>Cuts every connection and takes no new ones, until <see cref="ComeBack"/>.</summary>
    public void GoAway() => _up.Cancel();

    public void ComeBack() => _up = new CancellationTokenSource();

    /// <summary>Forgets all earlier states: older watches and pages get 410.</summary>
    public void Compact()
    {
        _reads.Compact();
        Store.Compact();
    }

    /// <summary>A kubeconfig for this server.</summary>
    /// <param name="address">As the client reaches it; null: as it listens.</param>
    public string Kubeconfig(string? address = null)
    {
        var authority = _options.Certificate is { } certificate
            ? $"certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()))}" : "insecure-skip-tls-verify: true";
        return $$"""
            apiVersion: v1
            kind: Config
            current-context: test
            contexts:
            - name: test
              context: {cluster: test, user: test}
            clusters:
            - name: test
              cluster:
                server: {{address ?? Address.ToString().TrimEnd('/')}}
                {{authority}}
            users:
            - name: test
              user: {token: "{{_options.Token ?? "anyone"}}"}

            """;
    }

    public async ValueTask DisposeAsync()
    {
        GoAway();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        _proxy.Dispose();
    }

    internal static async Task WriteAsync(HttpContext context, int code, ReadOnlyMemory<byte> json)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(json);
    }

    private async Task ServeAsync(HttpContext context)
    {
        var up = _up.Token;
        if (up.IsCancellationRequested)
        {
            context.Abort();
            return;
        }
        using var cut = up.Register(context.Abort);
        try
        {
            await AnswerAsync(context, up);
        }
        catch (ApiRefusalException refusal)
        {
            if (refusal.RetryAfter > 0)
            {
                context.Response.Headers.RetryAfter = refusal.RetryAfter.ToString();
            }
            if (refusal.Reason.Length == 0)
            {
                context.Response.StatusCode = refusal.Code;
                await context.Response.WriteAsync(refusal.Message);
                return;
            }
            await WriteAsync(context, refusal.Code, Encoding.UTF8.GetBytes(refusal.Status.ToJsonString()));
        }
        catch (Exception e) when (e is OperationCanceledException or ConnectionResetException || context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            // A fault of this server's own: whoever reads the answer should see which.
            await WriteAsync(context, 500, Encoding.UTF8.GetBytes(new ApiRefusalException(500, "InternalError", e.ToString()).Status.ToJsonString()));
        }
    }

    private async Task AnswerAsync(HttpContext context, CancellationToken up)
    {
        var path = context.Request.Path.Value ?? "/";
        if (_options.Token is { } token && context.Request.Headers.Authorization != $"Bearer {token}")
        {
            throw new ApiRefusalException(401, "Unauthorized", "Unauthorized");
        }
        if (path is "/healthz" or "/readyz" or "/livez")
        {
            await context.Response.WriteAsync("ok", up);
            return;
        }
        if (ApiRequest.Parse(context.Request.Method, path, context.Request.Query) is not { } request)
        {
            var answer = _discovery.Answer(path) ?? throw new ApiRefusalException(404, "", "404 page not found");
            await WriteAsync(context, 200, Encoding.UTF8.GetBytes(answer.ToJsonString()));
            return;
        }
        _requests.Enqueue(request);
        var fault = Faults.Take(request);
        if (fault?.Refusal is { } refusal)
        {
            throw refusal;
        }
        if (fault is { CutAfter: 0 })
        {
            context.Abort();
            return;
        }
        if (fault is { Delay.Ticks: > 0 })
        {
            await Task.Delay(fault.Delay, context.RequestAborted);
        }
        if (request is { Verb: "get" or "create", Resource: "pods", Subresource: "proxy" })
        {
            await _proxy.PassAsync(context, request);
            return;
        }
        var type = request.TypeIn(Store);
        await (request.Verb switch
        {
            "get" => _reads.GetAsync(context, request, type),
            "list" => _reads.ListAsync(context, request, type, fault),
            "watch" => _watches.WatchAsync(context, request, type, fault, up),
            "create" => _writes.CreateAsync(context, request, type),
            "update" => _writes.UpdateAsync(context, request, type),
            "patch" => _writes.PatchAsync(context, request, type),
            "delete" => _writes.DeleteAsync(context, request, type),
            "deletecollection" => _writes.DeleteAllAsync(context, request, type),
            _ => throw new ApiRefusalException(405, "MethodNotAllowed", "the server does not allow this method on the requested resource"),
        });
    }
}
