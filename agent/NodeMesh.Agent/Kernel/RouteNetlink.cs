using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Kernel;

/// <summary>Rules, routes and addresses of one namespace, as ip(8) shows and changes them.</summary>
internal sealed class RouteNetlink : IDisposable
{
    // linux/rtnetlink.h, linux/fib_rules.h, linux/if_addr.h
    private const ushort NewRoute = 24, DeleteRoute = 25, GetRoute = 26;
    private const ushort NewRule = 32, DeleteRule = 33, GetRule = 34;
    private const ushort GetAddress = 22;
    private const byte ActionLookup = 1;
    private const byte ScopeGlobal = 0, ScopeHost = 254;
    private const ushort RulePreference = 6, RuleMark = 10, RuleTable = 15, RuleMask = 16, RuleProtocol = 21;
    private const ushort RouteInterface = 4, RouteSource = 7, RouteTable = 15;
    private const ushort AddressAny = 1, AddressLocal = 2;

    // Every other way a rule can select: destination, source, interfaces, goto, flow, tunnel, suppressed groups and prefixes,
    // L3 master device, user ids, protocol and ports.
    private static readonly int[] OtherSelectors = [1, 2, 3, 4, 11, 12, 13, 17, 19, 20, 22, 23, 24];
    private const int SuppressPrefixLength = 14;

    private readonly NetlinkSocket _netlink;

    private RouteNetlink(NetlinkSocket netlink) => _netlink = netlink;

    public static RouteNetlink Open(SafeFileHandle netns) => new(NetlinkSocket.Open(netns, NetlinkSocket.RouteProtocol));

    /// <summary>The family's rules in the order the kernel tries them.</summary>
    public IReadOnlyList<RoutingRule> Rules(AddressFamily family)
    {
        var rules = new List<RoutingRule>();
        _netlink.List(
            new NetlinkMessage(GetRule, NetlinkSocket.Request | NetlinkSocket.Dump, Header(family)),
            (type, body) =>
            {
                if (type == NewRule && body[0] == Number(family))
                {
                    rules.Add(ParseRule(family, body));
                }
            });
        return rules;
    }

    /// <summary>Adds the rule unless the very same exists.</summary>
    public void Add(RoutingRule rule)
    {
        var error = _netlink.Change(Message(NewRule, NetlinkSocket.Create | NetlinkSocket.Exclusive, rule));
        if (error is not 0 and not Errno.Exists)
        {
            throw new KernelException($"cannot add the {rule.Family} rule \"{rule}\"", error);
        }
    }

    /// <summary>Deletes the rule if it exists.</summary>
    public void Delete(RoutingRule rule)
    {
        var error = _netlink.Change(Message(DeleteRule, 0, rule));
        if (error is not 0 and not Errno.NoEntry)
        {
            throw new KernelException($"cannot delete the {rule.Family} rule \"{rule}\"", error);
        }
    }

    /// <summary>The routes of one table.</summary>
    public IReadOnlyList<Route> Routes(AddressFamily family, uint table)
    {
        var routes = new List<Route>();
        _netlink.List(
            new NetlinkMessage(GetRoute, NetlinkSocket.Request | NetlinkSocket.Dump, Header(family)),
            (type, body) =>
            {
                if (type == NewRoute && body[0] == Number(family) && ParseRoute(family, body) is var route && route.Table == table)
                {
                    routes.Add(route);
                }
            });
        return routes;
    }

    /// <summary>Adds the route, in the place of one to the same destination in the same table.</summary>
    public void Put(Route route)
    {
        var error = _netlink.Change(Message(NewRoute, NetlinkSocket.Create | NetlinkSocket.Replace, route));
        if (error != 0)
        {
            throw new KernelException($"cannot add the {route.Family} route of table {route.Table} with source {route.Source}", error);
        }
    }

    /// <summary>Deletes the route if it exists.</summary>
    public void Delete(Route route)
    {
        var error = _netlink.Change(Message(DeleteRoute, 0, route));
        if (error is not 0 and not Errno.NoEntry and not Errno.NoProcess)
        {
            throw new KernelException($"cannot delete the {route.Family} route of table {route.Table}", error);
        }
    }

    /// <summary>The family's addresses of global scope.</summary>
    public IReadOnlyList<IPAddress> Addresses(AddressFamily family)
    {
        const int AddressHeader = 8, DuplicateFound = 0x08;
        var addresses = new List<IPAddress>();
        _netlink.List(
            new NetlinkMessage(GetAddress, NetlinkSocket.Request | NetlinkSocket.Dump, [Number(family), 0, 0, 0, 0, 0, 0, 0]),
            (_, body) =>
            {
                if (body[0] != Number(family) || body[3] != ScopeGlobal || (body[2] & DuplicateFound) != 0)
                {
                    return;
                }
                var attributes = NetlinkMessage.ReadAttributes(body.AsSpan(AddressHeader));
                // On a point-to-point interface IFA_ADDRESS is the peer's and IFA_LOCAL ours; IPv6 has IFA_ADDRESS alone otherwise.
                if (attributes.TryGetValue(AddressLocal, out var own) || attributes.TryGetValue(AddressAny, out own))
                {
                    addresses.Add(new IPAddress(own));
                }
            });
        return addresses;
    }

    public void Dispose() => _netlink.Dispose();

    private static byte Number(AddressFamily family) =>
        family == AddressFamily.InterNetwork ? (byte)SocketCalls.AfInet : (byte)SocketCalls.AfInet6;

    // struct fib_rule_hdr and struct rtmsg: 12 bytes, the family first.
    private static byte[] Header(AddressFamily family) => [Number(family), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private static NetlinkMessage Message(ushort type, ushort flags, RoutingRule rule)
    {
        var header = Header(rule.Family);
        header[7] = ActionLookup;
        var message = new NetlinkMessage(type, (ushort)(NetlinkSocket.Request | NetlinkSocket.Acknowledge | flags), header)
            .Attribute(RulePreference, rule.Preference)
            .Attribute(RuleTable, rule.Table)
            .Attribute(RuleProtocol, [rule.Protocol]);
        return rule.Mark is { } mark ? message.Attribute(RuleMark, mark).Attribute(RuleMask, uint.MaxValue) : message;
    }

    private static RoutingRule ParseRule(AddressFamily family, byte[] body)
    {
        var attributes = NetlinkMessage.ReadAttributes(body.AsSpan(12));
        var mask = NetlinkMessage.Number(attributes, RuleMask) ?? 0;
        var plain = body[3] == 0 && body[7] == ActionLookup && MemoryMarshal.Read<uint>(body.AsSpan(8)) == 0
            && !OtherSelectors.Any(attributes.ContainsKey)
            && NetlinkMessage.Number(attributes, SuppressPrefixLength) is null or uint.MaxValue
            && mask is 0 or uint.MaxValue;
        return new RoutingRule(
            family,
            NetlinkMessage.Number(attributes, RulePreference) ?? 0,
            NetlinkMessage.Number(attributes, RuleTable) ?? body[4],
            mask == 0 ? null : NetlinkMessage.Number(attributes, RuleMark) ?? 0,
            attributes.TryGetValue(RuleProtocol, out var protocol) ? protocol[0] : (byte)0,
            plain);
    }

    private static NetlinkMessage Message(ushort type, ushort flags, Route route)
    {
        var header = Header(route.Family);
        header[1] = (byte)route.PrefixLength;
        header[5] = route.Protocol;
        header[6] = route.Type == Route.Local ? ScopeHost : ScopeGlobal;
        header[7] = route.Type;
        var message = new NetlinkMessage(type, (ushort)(NetlinkSocket.Request | NetlinkSocket.Acknowledge | flags), header)
            .Attribute(RouteTable, route.Table)
            .Attribute(RouteInterface, (uint)route.Interface);
        return route.Source is { } source ? message.Attribute(RouteSource, source.GetAddressBytes()) : message;
    }

    private static Route ParseRoute(AddressFamily family, byte[] body)
    {
        var attributes = NetlinkMessage.ReadAttributes(body.AsSpan(12));
        return new Route(
            family,
            NetlinkMessage.Number(attributes, RouteTable) ?? body[4],
            body[7],
            body[1],
            (int)(NetlinkMessage.Number(attributes, RouteInterface) ?? 0),
            attributes.TryGetValue(RouteSource, out var source) ? new IPAddress(source) : null,
            body[5]);
    }
}
