using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>Policies about traffic as the proxy has them. A part that can't be carried out is left out, and told.</summary>
internal static class TrafficCompilers
{
    private const int PerMillionPerPercent = 10_000;
    private const double AllPercent = 100;

    public static Contract.RateLimitRules Compile(RateLimitPolicy policy, Action<string> invalid)
    {
        var message = new Contract.RateLimitRules { Policy = policy.Metadata.Id };
        Each(policy.Spec.Limits, "limit", invalid, limit =>
        {
            var rule = new Contract.RateLimitRule
            {
                Name = limit.Name,
                Requests = (uint)limit.Requests,
                PerMilliseconds = RequestMatchCompiler.Milliseconds(limit.Per),
                Burst = (uint)(limit.Burst ?? limit.Requests),
            };
            rule.By.AddRange(limit.By.Select(key => key.Type switch
            {
                "ClientWorkload" => new Contract.RateLimitKey { ClientWorkload = true },
                "ClientAddress" => new Contract.RateLimitKey { ClientAddress = true },
                _ => new Contract.RateLimitKey { Header = (key.Name ?? "").ToLowerInvariant() },
            }));
            rule.Matches.AddRange(RequestMatchCompiler.Compile(limit.Matches));
            message.Limits.Add(rule);
        });
        return message;
    }

    public static Contract.FaultRules Compile(FaultPolicy policy, Action<string> invalid)
    {
        var message = new Contract.FaultRules { Policy = policy.Metadata.Id };
        Each(policy.Spec.Faults, "fault", invalid, fault =>
        {
            var rule = new Contract.FaultRule
            {
                PerMillion = (uint)Math.Round((fault.Percentage ?? AllPercent) * PerMillionPerPercent), DelayMilliseconds = RequestMatchCompiler.Milliseconds(fault.Delay),
            };
            rule.Matches.AddRange(RequestMatchCompiler.Compile(fault.Matches));
            switch (fault.Abort)
            {
                case { HttpStatus: { } status }:
                    rule.HttpStatus = (uint)status;
                    break;
                case { GrpcStatus: { } status }:
                    rule.GrpcStatus = (uint)status;
                    break;
                case { Reset: true }:
                    rule.Reset = true;
                    break;
            }
            message.Faults.Add(rule);
        });
        return message;
    }

    public static Contract.EgressRules Compile(EgressPolicy policy)
    {
        var message = new Contract.EgressRules { Policy = policy.Metadata.Id, Audit = policy.Spec.Mode == "Audit" };
        foreach (var allow in policy.Spec.Allow)
        {
            var rule = new Contract.EgressRule();
            rule.Hosts.AddRange(allow.Hosts.Select(host => host.ToLowerInvariant()));
            rule.Cidrs.AddRange(allow.Cidrs);
            rule.Ports.AddRange(allow.Ports.Select(port => (uint)port));
            message.Allow.Add(rule);
        }
        return message;
    }

    private static void Each<T>(IReadOnlyList<T> items, string what, Action<string> invalid, Action<T> compile)
    {
        for (var i = 0; i < items.Count; i++)
        {
            try
            {
                compile(items[i]);
            }
            catch (UnsupportedException unsupported)
            {
                invalid($"{what} {i}: {unsupported.Message}; it is left out");
            }
        }
    }
}
