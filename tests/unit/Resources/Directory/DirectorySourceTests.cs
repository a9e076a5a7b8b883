using CliWrap;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Directory;
using Xunit;

namespace NodeMesh.UnitTests.Resources.Directory;

public sealed class DirectorySourceTests : IAsyncDisposable
{
    private const int Limit = 30_000;

    private readonly string _root = System.IO.Directory.CreateTempSubdirectory("nodemesh-resources-").FullName;
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private IAsyncEnumerator<ResourceSet>? _sets;

    [Fact(Timeout = Limit)]
    public async Task All_files_of_the_tree_are_read_but_hidden_and_other_ones()
    {
        Write("a.yaml", Pod("a"));
        Write("sub/deep/b.yml", Pod("b"));
        Write("c.json", """{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c"}}""");
        Write("d.txt", Pod("d"));
        Write(".e.yaml", Pod("e"));
        Write(".git/f.yaml", Pod("f"));

        Assert.Equal(["default/a", "default/b", "default/c"], (await Next()).Pods.Keys);
    }

    [Fact(Timeout = Limit)]
    public async Task A_changed_file_is_read_again()
    {
        Write("a.yaml", Pod("a"));
        await Next();

        Write("a.yaml", Pod("b"));

        Assert.Equal(["default/b"], (await Until(set => set.Pods.ContainsKey("default/b"))).Pods.Keys);
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_in_a_new_directory_is_found()
    {
        await Next();

        Write("new/a.yaml", Pod("a"));

        await Until(set => set.Pods.ContainsKey("default/a"));
        Write("new/b.yaml", Pod("b"));
        await Until(set => set.Pods.ContainsKey("default/b"));
    }

    [Fact(Timeout = Limit)]
    public async Task What_a_deleted_file_declared_goes()
    {
        Write("a.yaml", Pod("a"));
        Write("b.yaml", Pod("b"));
        await Next();

        File.Delete(In("a.yaml"));

        Assert.Equal(["default/b"], (await Until(set => set.Pods.Count == 1)).Pods.Keys);
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_put_in_place_by_a_rename_is_read()
    {
        Write("a.yaml", Pod("a"));
        await Next();

        Write("a.yaml.tmp", Pod("b"));
        File.Move(In("a.yaml.tmp"), In("a.yaml"), overwrite: true);

        await Until(set => set.Pods.ContainsKey("default/b"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_swap_of_links_as_in_a_ConfigMap_volume_is_seen()
    {
        Write("..1/a.yaml", Pod("a"));
        Write("..2/a.yaml", Pod("b"));
        File.CreateSymbolicLink(In("..data"), "..1");
        File.CreateSymbolicLink(In("a.yaml"), "..data/a.yaml");
        Assert.Equal(["default/a"], (await Next()).Pods.Keys);

        File.CreateSymbolicLink(In("..data_tmp"), "..2");
        // File.Move refuses a link to a directory.
        await CliWrap.Cli.Wrap("mv").WithArguments(["-T", In("..data_tmp"), In("..data")]).ExecuteAsync(_stop.Token);

        Assert.Equal(["default/b"], (await Until(set => set.Pods.ContainsKey("default/b"))).Pods.Keys);
    }

    [Fact(Timeout = Limit)]
    public async Task A_broken_file_takes_nothing_away_and_is_reported_until_it_is_mended()
    {
        Write("a.yaml", Pod("a"));
        Write("b.yaml", Pod("b"));
        await Next();

        Write("a.yaml", "a: [");
        var broken = await Until(set => set.Problems.Length > 0);

        Assert.Equal(["default/a", "default/b"], broken.Pods.Keys);
        Assert.Equal(In("a.yaml"), broken.Problems[0].Id);

        Write("b.yaml", Pod("c"));
        Assert.Equal(["default/a", "default/c"], (await Until(set => set.Pods.ContainsKey("default/c"))).Pods.Keys);

        Write("a.yaml", Pod("d"));
        Assert.Empty((await Until(set => set.Pods.ContainsKey("default/d"))).Problems);
    }

    [Fact(Timeout = Limit)]
    public async Task Many_changes_come_as_few_sets()
    {
        await Next();
        for (var i = 0; i < 200; i++)
        {
            Write($"p{i}.yaml", Pod($"p{i}"));
        }

        var count = 0;
        await Until(set => ++count > 0 && set.Pods.Count == 200);

        Assert.InRange(count, 1, 20);
    }

    [Fact(Timeout = Limit)]
    public async Task A_slow_reader_gets_the_newest_only()
    {
        Write("a.yaml", Pod("a"));
        await Next();
        var next = Next();
        Write("a.yaml", Pod("b"));
        await next;

        Write("a.yaml", Pod("c"));
        await Task.Delay(200, _stop.Token);
        Write("a.yaml", Pod("d"));

        Assert.Equal(["default/d"], (await Next()).Pods.Keys);
    }

    [Fact(Timeout = Limit)]
    public async Task A_directory_that_vanishes_takes_nothing_away_and_is_read_again_when_it_is_back()
    {
        Write("a.yaml", Pod("a"));
        Start(TimeSpan.FromMilliseconds(100));
        await Next();

        System.IO.Directory.Delete(_root, recursive: true);
        var gone = await Until(set => set.Problems.Any(problem => problem.Kind == "Directory"));
        Assert.Equal(["default/a"], gone.Pods.Keys);
        Assert.Contains("stays in force", gone.Problems[0].Message, StringComparison.Ordinal);

        System.IO.Directory.CreateDirectory(_root);
        Write("b.yaml", Pod("b"));
        Assert.Empty((await Until(set => set.Pods.Keys.SequenceEqual(["default/b"]))).Problems);

        // The new directory is watched in its turn.
        Write("c.yaml", Pod("c"));
        await Until(set => set.Pods.ContainsKey("default/c"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_directory_that_is_not_there_yet_is_a_problem_until_it_is()
    {
        System.IO.Directory.Delete(_root);
        Start(TimeSpan.FromMilliseconds(100));

        Assert.Equal("Unreadable", Assert.Single((await Next()).Problems).Reason);

        Write("a.yaml", Pod("a"));
        Assert.Empty((await Until(set => set.Pods.Count == 1)).Problems);
    }

    [Fact(Timeout = Limit)]
    public async Task A_link_to_nothing_is_a_problem()
    {
        File.CreateSymbolicLink(In("a.yaml"), In("nothing"));

        Assert.Equal("Unreadable", Assert.Single((await Next()).Problems).Reason);
    }

    [Fact(Timeout = Limit)]
    public async Task What_is_no_ordinary_file_is_a_problem_and_holds_nobody_up()
    {
        Write("a.yaml", Pod("a"));
        File.CreateSymbolicLink(In("device.yaml"), "/dev/zero");
        await CliWrap.Cli.Wrap("mkfifo").WithArguments([In("fifo.yaml")]).ExecuteAsync();

        var set = await Next();

        Assert.Equal(["default/a"], set.Pods.Keys);
        Assert.Equal([In("device.yaml"), In("fifo.yaml")], set.Problems.Select(problem => problem.Id).Order());
        Assert.All(set.Problems, problem => Assert.Equal("Unreadable", problem.Reason));
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_that_is_too_large_is_a_problem()
    {
        Write("a.yaml", Pod("a") + new string('#', 2 << 20));

        Assert.Contains("larger than 1 MiB", Assert.Single((await Next()).Problems).Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_sets is not null)
        {
            await _sets.DisposeAsync();
        }
        _stop.Dispose();
        if (System.IO.Directory.Exists(_root))
        {
            System.IO.Directory.Delete(_root, recursive: true);
        }
    }

    // Rescans come so seldom that it is inotify which is tested, unless the test says otherwise.
    private void Start(TimeSpan? rescan = null) => _sets = new DirectorySource(
        _root,
        new DirectoryOptions { Rescan = rescan ?? TimeSpan.FromHours(1), MaxFileLength = 1 << 20 },
        TimeProvider.System).WatchAsync(_stop.Token).GetAsyncEnumerator(_stop.Token);

    private async Task<ResourceSet> Next()
    {
        if (_sets is null)
        {
            Start();
        }
        Assert.True(await _sets!.MoveNextAsync());
        return _sets.Current;
    }

    private async Task<ResourceSet> Until(Predicate<ResourceSet> holds)
    {
        while (true)
        {
            var set = await Next();
            if (holds(set))
            {
                return set;
            }
        }
    }

    private string In(string path) => Path.Combine(_root, path);

    private void Write(string path, string text)
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(In(path))!);
        File.WriteAllText(In(path), text);
    }

    private static string Pod(string name) => $"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n";
}
