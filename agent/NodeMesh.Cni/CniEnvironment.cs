namespace NodeMesh.Cni;

/// <summary>The environment variables of the protocol, as they were given.</summary>
internal sealed record CniEnvironment(string Command, string ContainerId, string Netns, string Interface, string Arguments)
{
    public static CniEnvironment OfThisProcess() => new(
        Read("CNI_COMMAND"), Read("CNI_CONTAINERID"), Read("CNI_NETNS"), Read("CNI_IFNAME"), Read("CNI_ARGS"));

    /// <summary>One of the arguments "K=V;K=V", such as K8S_POD_NAME; empty when there is none.</summary>
    public string Argument(string name)
    {
        foreach (var pair in Arguments.Split(';'))
        {
            if (pair.StartsWith(name, StringComparison.Ordinal) && pair.Length > name.Length && pair[name.Length] == '=')
            {
                return pair[(name.Length + 1)..];
            }
        }
        return "";
    }

    private static string Read(string name) => Environment.GetEnvironmentVariable(name) ?? "";
}
