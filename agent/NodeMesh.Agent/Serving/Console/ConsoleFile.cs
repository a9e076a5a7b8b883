namespace NodeMesh.Agent.Serving.Console;

/// <param name="Tag">Changes with the content: the browser's copy is good as long as this is the same.</param>
internal sealed record ConsoleFile(byte[] Content, string ContentType, string Tag);
