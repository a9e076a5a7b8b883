namespace NodeMesh.Agent.Editing;

/// <summary>The change can't be made. The message says why, and what would help.</summary>
internal sealed class EditException(EditFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public EditFailure Failure => failure;
}

internal enum EditFailure
{
    /// <summary>What was asked for makes no sense, or can't be done in this way.</summary>
    Refused,

    /// <summary>There is no such route or rule.</summary>
    NotFound,

    /// <summary>It has been changed since it was shown.</summary>
    Changed,

    /// <summary>The file or the API server does not let it.</summary>
    Unwritable,
}
