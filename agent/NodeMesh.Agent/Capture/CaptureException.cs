namespace NodeMesh.Agent.Capture;

/// <summary>Capture could not be put into the kernel. The message names the pod or hook, the likely cause and the remedy.</summary>
internal sealed class CaptureException(string message, Exception? inner = null) : Exception(message, inner);
