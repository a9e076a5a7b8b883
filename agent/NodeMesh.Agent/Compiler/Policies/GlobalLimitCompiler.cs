using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>Limits of a rate limit service as the proxy has them.</summary>
internal static class GlobalLimitCompiler
{
    /// <param name="invalid">Is told what is wrong. A descriptor that can't be carried out is left out; without its Service the policy says what becomes of requests.</param>
    public static Contract.GlobalRateLimit? Compile(RateLimitPolicy policy, TargetLookup services, Action<string> invalid)
    {
        if (policy.Spec.Global is not { } limits)
        {
            return null;
        }
        var service = $"{limits.Service.Namespace ?? policy.Metadata.Namespace}/{limits.Service.Name}";
        if (!services.HasPort(service, limits.Service.Port))
        {
            invalid($"global: there is no Service {service} with a TCP port {limits.Service.Port}; requests {(limits.OnFailure == "Closed" ? "are refused" : "pass")} until there is");
        }
        var message = new Contract.GlobalRateLimit
        {
            Service = new Contract.BackendPort { Service = service, Port = (uint)limits.Service.Port },
            Domain = limits.Domain,
            FailClosed = limits.OnFailure == "Closed",
            TimeoutMilliseconds = RequestMatchCompiler.Milliseconds(limits.Timeout),
        };
        for (var i = 0; i < limits.Descriptors.Count; i++)
        {
            try
            {
                var descriptor = new Contract.RateLimitDescriptorRule();
                descriptor.Entries.AddRange(limits.Descriptors[i].Entries.Select(Entry));
                descriptor.Matches.AddRange(RequestMatchCompiler.Compile(limits.Descriptors[i].Matches));
                message.Descriptors.Add(descriptor);
            }
            catch (UnsupportedException unsupported)
            {
                invalid($"global.descriptors[{i}]: {unsupported.Message}; it is left out");
            }
        }
        return message;
    }

    private static Contract.RateLimitEntry Entry(LimitEntry entry) => entry.From switch
    {
        "ClientWorkload" => new Contract.RateLimitEntry { Key = entry.Key, ClientWorkload = true },
        "ClientAddress" => new Contract.RateLimitEntry { Key = entry.Key, ClientAddress = true },
        "Header" => new Contract.RateLimitEntry { Key = entry.Key, Header = (entry.Name ?? "").ToLowerInvariant() },
        "Path" => new Contract.RateLimitEntry { Key = entry.Key, Path = true },
        "Method" => new Contract.RateLimitEntry { Key = entry.Key, Method = true },
        _ => new Contract.RateLimitEntry { Key = entry.Key, Fixed = entry.Value ?? "" },
    };
}
