using System.Globalization;

namespace NodeMesh.Cli.Demo.Apps;

/// <summary>A client's counts for one target; travels from the client to the demo as a line of text.</summary>
internal readonly record struct ClientCount(string Target, long Succeeded, long Failed, long Connections)
{
    public long Requests => Succeeded + Failed;

    public string ToLine() => string.Create(CultureInfo.InvariantCulture, $"{Target} {Succeeded} {Failed} {Connections}");

    public static bool TryParse(string line, out ClientCount count)
    {
        var words = line.Split(' ');
        count = default;
        if (words.Length != 4
            || !long.TryParse(words[1], CultureInfo.InvariantCulture, out var succeeded)
            || !long.TryParse(words[2], CultureInfo.InvariantCulture, out var failed)
            || !long.TryParse(words[3], CultureInfo.InvariantCulture, out var connections))
        {
            return false;
        }
        count = new ClientCount(words[0], succeeded, failed, connections);
        return true;
    }
}
