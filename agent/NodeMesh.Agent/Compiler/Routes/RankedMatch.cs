using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>A match with its place in the order in which matches are tried. Smaller is earlier.</summary>
/// <param name="Rank">What the Gateway API orders by, from the most to the least important, each negated where more is earlier.</param>
/// <param name="Owner">Of two equal matches the older route's counts, then by name.</param>
/// <param name="Rule">Then the earlier rule's; index in its route.</param>
/// <param name="Message">Its rule index is to be set when the rules of all routes are put together.</param>
internal sealed record RankedMatch(IReadOnlyList<int> Rank, Claimant Owner, int Rule, int Position, Contract.RouteMatch Message) : IComparable<RankedMatch>
{
    public int CompareTo(RankedMatch? other)
    {
        if (other is null)
        {
            return 1;
        }
        for (var i = 0; i < Rank.Count; i++)
        {
            if (Rank[i] != other.Rank[i])
            {
                return Rank[i].CompareTo(other.Rank[i]);
            }
        }
        var order = Claimant.Seniority.Compare(Owner, other.Owner);
        order = order != 0 ? order : Rule.CompareTo(other.Rule);
        return order != 0 ? order : Position.CompareTo(other.Position);
    }

    public static RankedMatch Of(IRoute route, int rule, int position, Contract.RouteMatch message, params int[] rank) =>
        new(rank, Claimant.Of(route.Metadata), rule, position, message);
}
