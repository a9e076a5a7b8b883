namespace NodeMesh.Cli.Demo.Screen;

/// <summary>Numbers as people read them.</summary>
internal static class Quantity
{
    private static readonly string[] _units = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static string Bytes(double bytes)
    {
        var unit = 0;
        while (bytes >= 1024 && unit < _units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }
        return unit == 0 ? $"{bytes:0} B" : $"{bytes:0.0} {_units[unit]}";
    }

    public static string Time(TimeSpan? time) => time switch
    {
        null => "-",
        { TotalSeconds: >= 1 } much => $"{much.TotalSeconds:0.0} s",
        { TotalMilliseconds: >= 10 } some => $"{some.TotalMilliseconds:0} ms",
        var little => $"{little.Value.TotalMilliseconds:0.0} ms",
    };
}
