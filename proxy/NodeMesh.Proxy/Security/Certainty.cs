namespace NodeMesh.Proxy.Security;

/// <summary>Whether a rule matches, seen from a connection whose requests are not known: in order, so that the greater of two is their "or", the lesser their "and".</summary>
internal enum Certainty
{
    No,
    Perhaps,
    Yes,
}
