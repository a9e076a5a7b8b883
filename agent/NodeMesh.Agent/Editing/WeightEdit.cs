using System.Security.Cryptography;
using System.Text;

namespace NodeMesh.Agent.Editing;

/// <summary>A change as it would be made, to be looked at before it is.</summary>
/// <param name="Where">A file, or an object of an API server.</param>
/// <param name="State">What it is made of, so that nothing is overwritten that came later; opaque.</param>
/// <param name="Before">YAML.</param>
/// <param name="After">YAML.</param>
internal sealed record WeightEdit(string Where, string State, string Before, string After)
{
    /// <summary>Another one wherever anything of the above is another: what is applied is what was shown.</summary>
    public string Version { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', Where, State, Before, After))));
}
