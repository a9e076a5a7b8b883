using System.Net;
using System.Net.Sockets;
using System.Text;
using NodeMesh.Agent.Kernel;

namespace NodeMesh.Agent.Capture.Iptables;

/// <summary>The rules in one pod: puts them in, compares, takes them out.</summary>
/// <param name="before">What this one takes the place of, if any.</param>
internal sealed class IptablesPod(PodSandbox sandbox, IptablesBackend backend, IptablesPod? before = null)
{
    // Tables that the mesh made. The comments in them say so, too, to successors; but somebody may flush them.
    private readonly HashSet<(AddressFamily Family, string Table)> _made = before?._made ?? [];

    public PodSandbox Sandbox => sandbox;

    /// <summary>Makes the rules be those for these listeners; null: new connections are no longer steered.</summary>
    public void Put((int Outbound, int Inbound)? ports)
    {
        foreach (var family in PodRouting.FamiliesOf(sandbox))
        {
            var rules = Rules(family, ports);
            var found = Read(family);
            var unmeshed = Unmeshed(found);
            _made.UnionWith(IptablesRules.TableOf
                .Where(place => !found.Has(place.Value) || found.Comment(place.Key)?.EndsWith(IptablesRules.NewTable, StringComparison.Ordinal) == true)
                .Select(place => (family, place.Value)));
            var newTables = _made.Where(made => made.Family == family).Select(made => made.Table).ToHashSet();

            // First the chains, which nothing leads to yet in a new pod; then the sign of life their rules ask for; then what leads to them.
            var jumps = IptablesRules.Jumps.Where(jump => !found.Has(jump)).ToList();
            backend.Restore(sandbox.Netns, family, rules.Text([], newTables, unmeshed));
            Beat(family);
            if (jumps.Count > 0)
            {
                backend.Restore(sandbox.Netns, family, rules.Text(jumps, newTables, unmeshed));
            }
        }
    }

    /// <summary>What differs from what <see cref="Put"/> left, in words.</summary>
    public IReadOnlyList<string> Missing((int Outbound, int Inbound)? ports)
    {
        var missing = new List<string>();
        foreach (var family in PodRouting.FamiliesOf(sandbox))
        {
            var rules = Rules(family, ports);
            var found = Read(family);
            missing.AddRange(IptablesRules.Jumps.Where(jump => !found.Has(jump)).Select(jump => $"{family} rule \"{jump.Rule}\" is not there"));
            foreach (var (chain, size) in rules.Sizes)
            {
                if (found.Comment(chain)?.StartsWith(rules.Fingerprint, StringComparison.Ordinal) != true || found.Size(chain) != size)
                {
                    missing.Add($"{family} chain {chain} is not what it must be ({found.Size(chain)} rules of {size})");
                }
            }
        }
        return missing;
    }

    /// <summary>Takes everything out. Idempotent.</summary>
    public void Delete()
    {
        foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
        {
            if (family == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6)
            {
                continue;
            }
            var found = Read(family);
            var chains = IptablesRules.TableOf.Where(place => found.HasChain(place.Key)).ToList();
            if (chains.Count == 0)
            {
                continue;
            }
            var text = new StringBuilder();
            foreach (var table in chains.Select(place => place.Value).Distinct())
            {
                var own = chains.Where(place => place.Value == table).Select(place => place.Key).ToList();
                text.Append($"*{table}\n");
                IptablesRules.Jumps.Where(jump => jump.Table == table && found.Has(jump)).ToList().ForEach(jump => text.Append($"-D {jump.Rule}\n"));
                own.ForEach(chain => text.Append($"-F {chain}\n"));
                own.ForEach(chain => text.Append($"-X {chain}\n"));
                text.Append("COMMIT\n");
            }
            backend.Restore(sandbox.Netns, family, text.ToString());

            var left = Read(family);
            var ours = chains.Where(place => found.Comment(place.Key)?.EndsWith(IptablesRules.NewTable, StringComparison.Ordinal) == true);
            foreach (var table in ours.Select(place => place.Value).Distinct().Where(left.IsEmpty))
            {
                IptablesBackend.TryDeleteTable(sandbox.Netns, family, table);
            }
        }
    }

    /// <summary>The agent's sign of life, for the rules that ask for it.</summary>
    public void Beat()
    {
        foreach (var family in PodRouting.FamiliesOf(sandbox))
        {
            Beat(family);
        }
    }

    /// <summary>Connections that went their own way because the mesh was dead.</summary>
    public long Unmeshed() => PodRouting.FamiliesOf(sandbox).Sum(family => Unmeshed(Read(family)));

    private static long Unmeshed(IptablesTables tables) => tables.Packets(IptablesRules.OutChain, IptablesRules.UnmeshedWords);

    private void Beat(AddressFamily family)
    {
        if (!backend.HasRecent)
        {
            return;
        }
        Netns.Run(sandbox.Netns, () =>
        {
            // Of the thread: /proc/net would be the namespace of the process.
            var file = $"/proc/thread-self/net/xt_recent/{(family == AddressFamily.InterNetwork ? IptablesRules.HeartbeatV4 : IptablesRules.HeartbeatV6)}";
            if (!File.Exists(file))
            {
                return; // no rule asks: somebody removed them, or new connections are not steered
            }
            foreach (var address in sandbox.Addresses.Where(address => address.AddressFamily == family))
            {
                File.WriteAllText(file, $"+{address}\n");
            }
        });
    }

    private IptablesTables Read(AddressFamily family) => IptablesTables.Parse(backend.Save(sandbox.Netns, family));

    private IptablesRules Rules(AddressFamily family, (int, int)? ports) => new(sandbox, family, ports, backend.HasRecent);
}
