namespace NodeMesh.UnitTests;

/// <summary>Files of the repository that tests read: looked for from the test's own place upwards.</summary>
internal static class RepositoryFiles
{
    /// <summary>The file or folder; null where no folder above has it.</summary>
    public static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, relative);
            if (File.Exists(path) || Directory.Exists(path))
            {
                return path;
            }
        }
        return null;
    }
}
