namespace NodeMesh.Proxy.Routing;

/// <summary>What a request's route depends on, of any HTTP version and any engine.</summary>
/// <param name="Target">As it came: path and query, not decoded.</param>
/// <param name="Authority">Host or :authority; empty where there was none.</param>
internal readonly record struct RequestHead(string Method, string Target, string Authority, bool IsGrpc);
