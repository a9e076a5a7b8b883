namespace NodeMesh.NodeTests.Kit;

/// <summary>One or two machines with the same resources, and agents that capture in the same mode. Every mesh is an island.</summary>
public sealed class TestMesh : IAsyncDisposable
{
    private readonly List<TestNode> _nodes = [];

    private TestMesh(string capture)
    {
        Capture = capture;
        Name = TestRun.NextMesh();
        Resources = new ResourceDirectory($"{TestRun.Directory}/{Name}/resources");
        Source = ["--resources", Resources.Path];
    }

    /// <summary>ebpf or iptables.</summary>
    public string Capture { get; }

    public string Name { get; }

    public ResourceDirectory Resources { get; }

    /// <summary>The agents' options that say where the resources come from; the directory unless said otherwise.</summary>
    public IReadOnlyList<string> Source { get; set; }

    public IReadOnlyList<TestNode> Nodes => _nodes;

    public static async Task<TestMesh> CreateAsync(string capture, int nodes = 1)
    {
        var mesh = new TestMesh(capture);
        for (var i = 0; i < nodes; i++)
        {
            mesh._nodes.Add(await TestNode.CreateAsync(mesh, ((char)('a' + i)).ToString(), i + 1));
        }
        if (nodes == 2)
        {
            await TestNode.LinkAsync(mesh._nodes[0], mesh._nodes[1]);
        }
        return mesh;
    }

    /// <summary>The capture modes, for theories.</summary>
    public static TheoryData<string> Captures => ["ebpf", "iptables"];

    public async Task StartAgentsAsync()
    {
        foreach (var node in _nodes)
        {
            await node.Agent.StartAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }
}
