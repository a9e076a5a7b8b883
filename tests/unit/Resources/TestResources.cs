using System.Text;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Documents;

namespace NodeMesh.UnitTests.Resources;

/// <summary>Resource sets from text.</summary>
internal static class TestResources
{
    /// <summary>One file.</summary>
    public static ResourceSet Parse(string text, string path = "test.yaml") => Parse((path, text));

    public static ResourceSet Parse(params (string Path, string Text)[] files) =>
        new ResourceFiles().Update([.. files.Select(file => Read(file.Path, file.Text))], [], []);

    public static ResourceFile Read(string path, string text, ResourceFile? previous = null) =>
        ResourceFileReader.Read(previous ?? new ResourceFile(path), Encoding.UTF8.GetBytes(text));
}
