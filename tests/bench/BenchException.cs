namespace NodeMesh.Bench;

/// <summary>The bench can't go on; the message says what is wrong and what to do.</summary>
internal sealed class BenchException(string message) : Exception(message);
