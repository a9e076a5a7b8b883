using NodeMesh.Contract;
using NodeMesh.Contract.External;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Resilience;

/// <summary>Limits that a service counts for all nodes: says what it is to be asked about a request. Immutable.</summary>
internal sealed class GlobalLimit(GlobalRateLimit rules)
{
    private readonly (RateLimitDescriptorRule Rule, RequestPattern[] Matches)[] _descriptors =
        [.. rules.Descriptors.Select(rule => (rule, rule.Matches.Select(match => new RequestPattern(match)).ToArray()))];

    public GlobalRateLimit Rules => rules;

    /// <summary>null: no limit is for the request. A descriptor that wants a header which is not there is left out.</summary>
    public RateLimitRequest? RequestFor(in RateLimitClient client, in RequestHead head)
    {
        RateLimitRequest? request = null;
        foreach (var (rule, matches) in _descriptors)
        {
            if (RequestPattern.Any(matches, head) && Descriptor(rule, client, head) is { } descriptor)
            {
                (request ??= new RateLimitRequest { Domain = rules.Domain, HitsAddend = 1 }).Descriptors.Add(descriptor);
            }
        }
        return request;
    }

    private static RateLimitDescriptor? Descriptor(RateLimitDescriptorRule rule, in RateLimitClient client, in RequestHead head)
    {
        var descriptor = new RateLimitDescriptor();
        foreach (var entry in rule.Entries)
        {
            if (Value(entry, client, head) is not { } value)
            {
                return null;
            }
            descriptor.Entries.Add(new RateLimitDescriptor.Types.Entry { Key = entry.Key, Value = value });
        }
        return descriptor;
    }

    private static string? Value(RateLimitEntry entry, in RateLimitClient client, in RequestHead head) => entry.ValueCase switch
    {
        RateLimitEntry.ValueOneofCase.Header => head.Field(entry.Header),
        RateLimitEntry.ValueOneofCase.ClientAddress => client.Address.ToString(),
        RateLimitEntry.ValueOneofCase.ClientWorkload => client.Workload is { } workload ? $"{workload.Namespace}/{workload.Owner}" : "unknown",
        RateLimitEntry.ValueOneofCase.Path => head.Path.ToString(),
        RateLimitEntry.ValueOneofCase.Method => head.Method,
        _ => entry.Fixed,
    };
}
