using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Security;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>The requests of a connection that are on their way to where a policy may come to forbid. Any thread.</summary>
internal sealed class RequestsUnderWay(Downstream downstream)
{
    private readonly List<(UpstreamTarget Target, string? Authority)> _guarded = [];
    private readonly List<RoutedRequest> _routed = [];

    /// <summary>A request goes into a pod of this node, or to an address that is no Service's.</summary>
    /// <param name="authority">Of one that leaves; null: it enters a pod.</param>
    public void Enter(UpstreamTarget target, string? authority)
    {
        lock (_guarded)
        {
            _guarded.Add((target, authority));
        }
    }

    public void Leave(UpstreamTarget target, string? authority)
    {
        lock (_guarded)
        {
            _guarded.Remove((target, authority));
        }
    }

    /// <summary>A request goes by a route.</summary>
    public void Enter(RoutedRequest request)
    {
        lock (_routed)
        {
            _routed.Add(request);
        }
    }

    public void Leave(RoutedRequest request)
    {
        lock (_routed)
        {
            _routed.Remove(request);
        }
    }

    /// <summary>One of them goes where its client may send none any more.</summary>
    public bool AnyForbidden(ConnectionGuard guard)
    {
        lock (_routed)
        {
            foreach (var request in _routed)
            {
                if (guard.Authorizer.Foresee(downstream.Client.Address, downstream.OriginalDestination, request.Choice) == Access.Denied)
                {
                    return true;
                }
            }
        }
        lock (_guarded)
        {
            foreach (var (target, authority) in _guarded)
            {
                if (authority is null
                    ? guard.Authorizer.Foresee(target.Client, target.Endpoint, downstream.Home, isOpaque: false) == Access.Denied
                    : guard.Egress.Forbids(downstream.Pod.Id, downstream.Pod.Namespace, target.Endpoint, authority))
                {
                    return true;
                }
            }
        }
        return false;
    }
}
