namespace NodeMesh.Cli.Demo.Apps;

/// <summary>What a client did to one target since it started, as the client itself saw it. Counted by its loop, read by its reporter.</summary>
internal sealed class ClientTally(string target)
{
    private long _succeeded;
    private long _failed;
    private long _connections;

    public void Succeeded() => Interlocked.Increment(ref _succeeded);

    public void Failed() => Interlocked.Increment(ref _failed);

    public void Connected() => Interlocked.Increment(ref _connections);

    public ClientCount Count => new(target, Interlocked.Read(ref _succeeded), Interlocked.Read(ref _failed), Interlocked.Read(ref _connections));

    /// <summary>Writes the counts to stdout four times a second, a line a target, for whoever started the client.</summary>
    public static async Task ReportAsync(IReadOnlyList<ClientTally> tallies, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            foreach (var tally in tallies)
            {
                Console.WriteLine(tally.Count.ToLine());
            }
        }
    }
}
