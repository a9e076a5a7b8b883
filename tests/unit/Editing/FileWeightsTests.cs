using NodeMesh.Agent.Editing;
using Xunit;

namespace NodeMesh.UnitTests.Editing;

/// <summary>Changes of real files.</summary>
public sealed class FileWeightsTests : IDisposable
{
    private const string Route = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: web, namespace: shop}
        spec:
          rules:
          - backendRefs:
            - {name: v1, port: 80, weight: 9} # most
            - {name: v2, port: 80, weight: 1}

        """;

    private static readonly WeightChange Change = new("shop", "web", "0", [5, 5]);

    private readonly string _directory = Directory.CreateTempSubdirectory("nodemesh-weights").FullName;
    private readonly FileWeights _weights;

    public FileWeightsTests()
    {
        Directory.CreateDirectory($"{_directory}/shop");
        File.WriteAllText($"{_directory}/other.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
        File.WriteAllText(Path, Route);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        _weights = new FileWeights(_directory);
    }

    private string Path => $"{_directory}/shop/route.yaml";

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Nothing_happens_until_it_is_applied_then_the_weights_alone_change()
    {
        var edit = await _weights.PrepareAsync(Change, TestContext.Current.CancellationToken);
        Assert.Equal((Path, Route), (edit.Where, edit.Before));
        Assert.Equal(Route, await File.ReadAllTextAsync(Path, TestContext.Current.CancellationToken));

        await _weights.ApplyAsync(Change, edit, TestContext.Current.CancellationToken);

        var text = await File.ReadAllTextAsync(Path, TestContext.Current.CancellationToken);
        Assert.Equal(edit.After, text);
        Assert.Equal(Route.Replace("weight: 9", "weight: 5", StringComparison.Ordinal).Replace("weight: 1", "weight: 5", StringComparison.Ordinal), text);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(Path));
        Assert.Equal([Path], Directory.GetFileSystemEntries($"{_directory}/shop"));
    }

    [Fact]
    public async Task What_somebody_changed_meanwhile_is_not_overwritten()
    {
        var edit = await _weights.PrepareAsync(Change, TestContext.Current.CancellationToken);
        var theirs = Route.Replace("# most", "# mine", StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path, theirs, TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<EditException>(() => _weights.ApplyAsync(Change, edit, TestContext.Current.CancellationToken));

        Assert.Equal(EditFailure.Changed, failure.Failure);
        Assert.Equal(theirs, await File.ReadAllTextAsync(Path, TestContext.Current.CancellationToken));
        Assert.NotEqual(edit.Version, (await _weights.PrepareAsync(Change, TestContext.Current.CancellationToken)).Version);
    }

    [Fact]
    public async Task A_change_that_was_not_shown_has_another_version()
    {
        var shown = await _weights.PrepareAsync(Change, TestContext.Current.CancellationToken);
        var other = await _weights.PrepareAsync(Change with { Weights = [0, 10] }, TestContext.Current.CancellationToken);

        Assert.NotEqual(shown.Version, other.Version);
        Assert.Equal(shown.Version, (await _weights.PrepareAsync(Change, TestContext.Current.CancellationToken)).Version);
    }

    [Fact]
    public async Task Links_and_routes_that_are_nowhere_are_refused()
    {
        File.Move(Path, $"{_directory}/elsewhere");
        File.CreateSymbolicLink(Path, $"{_directory}/elsewhere");
        Assert.Equal(EditFailure.Refused, (await Assert.ThrowsAsync<EditException>(() => _weights.PrepareAsync(Change, TestContext.Current.CancellationToken))).Failure);
        Assert.Equal(EditFailure.NotFound, (await Assert.ThrowsAsync<EditException>(() => _weights.PrepareAsync(Change with { Name = "none" }, TestContext.Current.CancellationToken))).Failure);
    }
}
