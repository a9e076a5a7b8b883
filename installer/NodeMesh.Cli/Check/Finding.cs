namespace NodeMesh.Cli.Check;

/// <summary>One line of `nodemesh check`.</summary>
/// <param name="About">The object.</param>
/// <param name="Remedy">What to do; empty when all is well.</param>
internal sealed record Finding(Severity Severity, string About, string Message, string Remedy = "")
{
    public static Finding Good(string about, string message) => new(Severity.Good, about, message);

    public static Finding Warning(string about, string message, string remedy) => new(Severity.Warning, about, message, remedy);

    public static Finding Failure(string about, string message, string remedy) => new(Severity.Failure, about, message, remedy);
}

internal enum Severity
{
    Good,

    /// <summary>It works, but not all of it, or not as it could.</summary>
    Warning,

    Failure,
}
