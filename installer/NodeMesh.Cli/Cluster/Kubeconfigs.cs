using k8s;
using k8s.KubeConfigModels;

namespace NodeMesh.Cli.Cluster;

/// <summary>Several kubeconfigs as one, as kubectl reads $KUBECONFIG: of what has the same name, and of the current context, the first counts.</summary>
internal static class Kubeconfigs
{
    /// <param name="files">At least one.</param>
    public static K8SConfiguration Read(IReadOnlyList<string> files)
    {
        var all = files.Select(file => KubernetesClientConfiguration.LoadKubeConfig(new FileInfo(file))).ToList();
        if (all is [var only])
        {
            return only;
        }
        foreach (var (config, file) in all.Zip(files))
        {
            Root(config, Path.GetDirectoryName(Path.GetFullPath(file))!);
        }
        return new K8SConfiguration
        {
            ApiVersion = all[0].ApiVersion,
            Kind = all[0].Kind,
            CurrentContext = all.Select(config => config.CurrentContext).FirstOrDefault(context => !string.IsNullOrEmpty(context)),
            Clusters = all.SelectMany(config => config.Clusters ?? []).DistinctBy(cluster => cluster.Name).ToList(),
            Contexts = all.SelectMany(config => config.Contexts ?? []).DistinctBy(context => context.Name).ToList(),
            Users = all.SelectMany(config => config.Users ?? []).DistinctBy(user => user.Name).ToList(),
            FileName = all[0].FileName,
        };
    }

    // Paths in a kubeconfig are relative to its own directory.
    private static void Root(K8SConfiguration config, string directory)
    {
        foreach (var cluster in (config.Clusters ?? []).Select(cluster => cluster.ClusterEndpoint).OfType<ClusterEndpoint>())
        {
            cluster.CertificateAuthority = Rooted(cluster.CertificateAuthority);
        }
        foreach (var user in (config.Users ?? []).Select(user => user.UserCredentials).OfType<UserCredentials>())
        {
            user.ClientCertificate = Rooted(user.ClientCertificate);
            user.ClientKey = Rooted(user.ClientKey);
        }

        string? Rooted(string? path) => string.IsNullOrEmpty(path) ? path : Path.Combine(directory, path);
    }
}
