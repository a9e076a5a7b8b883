using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>What must hold for an object alone. What must hold between objects is the compiler's.</summary>
internal static class ResourceRules
{
    public static FieldErrors Check(IResource resource)
    {
        var errors = new FieldErrors();
        CheckMetadata(resource, errors);
        switch (resource)
        {
            case Pod pod:
                PodRules.Check(pod, errors);
                break;
            case Service service:
                ServiceRules.Check(service.Spec, errors);
                break;
            case EndpointSlice slice:
                EndpointSliceRules.Check(slice, errors);
                break;
            case IRoute route:
                RouteRules.Check(route, errors);
                break;
            case ReferenceGrant grant:
                ReferenceGrantRules.Check(grant.Spec, errors);
                break;
            case Rollout rollout:
                RolloutRules.Check(rollout.Spec, errors);
                break;
            case IPolicy policy:
                PolicyRules.Check(policy, errors);
                break;
        }
        return errors;
    }

    public static void CheckPort(string field, int port, FieldErrors errors)
    {
        if (port is < 1 or > 65535)
        {
            errors.Add(field, $"{port} is no port: it must be 1 to 65535");
        }
    }

    public static void CheckAddress(string field, string text, FieldErrors errors)
    {
        if (!Addresses.TryParse(text, out _))
        {
            errors.Add(field, $"\"{text}\" is no unicast IPv4 or IPv6 address");
        }
    }

    public static void CheckProtocol(string field, string protocol, FieldErrors errors)
    {
        if (protocol is not ("TCP" or "UDP" or "SCTP"))
        {
            errors.Add(field, $"\"{protocol}\" is not TCP, UDP or SCTP");
        }
    }

    private static void CheckMetadata(IResource resource, FieldErrors errors)
    {
        var metadata = resource.Metadata;
        var (valid, rule) = resource is not (Namespace or Service)
            ? (Names.IsDnsSubdomain(metadata.Name), "lower-case letters, digits, - and ., at most 253")
            : (Names.IsDnsLabel(metadata.Name), "lower-case letters, digits and -, at most 63");
        if (metadata.Name.Length == 0)
        {
            errors.Add("metadata.name", "is missing");
        }
        else if (!valid)
        {
            errors.Add("metadata.name", $"\"{metadata.Name}\" is no valid name ({rule}, a letter or digit first and last)");
        }
        if (metadata.Namespace.Length > 0 && !Names.IsDnsLabel(metadata.Namespace))
        {
            errors.Add("metadata.namespace", $"\"{metadata.Namespace}\" is no valid name");
        }
        foreach (var (key, value) in metadata.Labels)
        {
            CheckLabel("metadata.labels", key, value, errors);
        }
    }

    public static void CheckLabel(string field, string key, string value, FieldErrors errors)
    {
        if (!Names.IsLabelKey(key))
        {
            errors.Add($"{field}['{key}']", $"\"{key}\" is no valid label key");
        }
        if (!Names.IsLabelValue(value))
        {
            errors.Add($"{field}['{key}']", $"\"{value}\" is no valid label value");
        }
    }
}
