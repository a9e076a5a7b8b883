using System.Net;
using Google.Protobuf.Collections;
using NodeMesh.Contract.Otlp;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Telemetry.Otlp;

/// <summary>A record in the words of OpenTelemetry's semantic conventions, and in the mesh's own where these have none.</summary>
internal static class OtlpAttributes
{
    private const string Other = "_OTHER";

    private static readonly HashSet<string> Methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"];

    public static InstrumentationScope Scope { get; } = new() { Name = "nodemesh", Version = typeof(OtlpAttributes).Assembly.GetName().Version?.ToString(3) ?? "" };

    /// <summary>The workload that spans and lines are filed under.</summary>
    public static Resource Resource(WorkloadEntry? workload)
    {
        var resource = new Resource();
        Add(resource.Attributes, "service.name", workload?.Owner ?? "unknown");
        if (workload is not null)
        {
            Add(resource.Attributes, "service.namespace", workload.Namespace);
            Add(resource.Attributes, "service.version", workload.Version);
            Add(resource.Attributes, "k8s.namespace.name", workload.Namespace);
            Add(resource.Attributes, "k8s.pod.name", workload.Name);
            Add(resource.Attributes, "k8s.node.name", workload.Node);
        }
        return resource;
    }

    /// <summary>What both sides, and a line of a log, have.</summary>
    public static void AddShared(RepeatedField<KeyValue> to, TrafficRecord record)
    {
        if (record.Method is { } method)
        {
            Add(to, "http.request.method", Methods.Contains(method) ? method : Other);
            Add(to, "http.request.method_original", Methods.Contains(method) ? null : method);
            Add(to, "http.response.status_code", record.Status == 0 ? null : record.Status);
            Add(to, "network.protocol.name", "http");
            Add(to, "network.protocol.version", record.Protocol == TrafficProtocol.Http1 ? "1.1" : "2");
            Add(to, "url.scheme", "http");
            Add(to, "url.path", record.Path);
            Add(to, "user_agent.original", record.UserAgent);
            AddHost(to, record.Authority);
            Add(to, "http.request.body.size", record.BytesReceived);
            Add(to, "http.response.body.size", record.BytesSent);
        }
        if (record.GrpcStatus is { } grpc)
        {
            Add(to, "rpc.system", "grpc");
            if (record.Path?.Split('/') is ["", var service, var call])
            {
                Add(to, "rpc.service", service);
                Add(to, "rpc.method", call);
            }
            Add(to, "rpc.grpc.status_code", int.TryParse(grpc, out var code) ? code : null);
        }
        Add(to, "nodemesh.direction", record.Direction.Word());
        Add(to, "nodemesh.service", record.Service);
        Add(to, "nodemesh.route", record.Route);
        Add(to, "nodemesh.rule", record.Rule);
        Add(to, "nodemesh.error", record.Reason.Word());
        Add(to, "nodemesh.policy", record.Policy);
    }

    public static void AddEnd(RepeatedField<KeyValue> to, string prefix, IPEndPoint? end)
    {
        Add(to, $"{prefix}.address", end?.Address.ToString());
        Add(to, $"{prefix}.port", end?.Port);
    }

    /// <param name="values">In the order of the names; null: there are none.</param>
    public static void AddHeaders(RepeatedField<KeyValue> to, string prefix, IReadOnlyList<string>? names, string?[]? values)
    {
        for (var place = 0; values is not null && place < values.Length; place++)
        {
            if (values[place] is { Length: > 0 } value)
            {
                // A list, as the conventions want it; several fields of one name are joined by commas, as in the other logs.
                var list = new ArrayValue { Values = { new AnyValue { StringValue = value } } };
                to.Add(new KeyValue { Key = $"{prefix}.{names![place]}", Value = new AnyValue { ArrayValue = list } });
            }
        }
    }

    public static void Add(RepeatedField<KeyValue> to, string key, string? value)
    {
        if (value is { Length: > 0 })
        {
            to.Add(new KeyValue { Key = key, Value = new AnyValue { StringValue = value } });
        }
    }

    public static void Add(RepeatedField<KeyValue> to, string key, long? value)
    {
        if (value is { } number)
        {
            to.Add(new KeyValue { Key = key, Value = new AnyValue { IntValue = number } });
        }
    }

    private static void AddHost(RepeatedField<KeyValue> to, string? authority)
    {
        if (string.IsNullOrEmpty(authority))
        {
            return;
        }
        var colon = authority.LastIndexOf(':');
        var hasPort = colon > authority.LastIndexOf(']') && ushort.TryParse(authority.AsSpan(colon + 1), out _);
        Add(to, "server.address", hasPort ? authority[..colon] : authority);
        Add(to, "server.port", hasPort ? ushort.Parse(authority.AsSpan(colon + 1)) : null);
    }
}
