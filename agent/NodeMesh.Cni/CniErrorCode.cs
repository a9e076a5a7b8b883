namespace NodeMesh.Cni;

/// <summary>Error codes: below 100 those of the specification, from 100 on this plugin's own.</summary>
internal static class CniErrorCode
{
    public const int IncompatibleVersion = 1;
    public const int InvalidEnvironment = 4;
    public const int InputOutput = 5;
    public const int Undecodable = 6;
    public const int InvalidConfiguration = 7;
    public const int TryAgainLater = 11;
    public const int NotAvailable = 50;

    /// <summary>The pod belongs into the mesh, and is not captured.</summary>
    public const int NotCaptured = 100;
}
