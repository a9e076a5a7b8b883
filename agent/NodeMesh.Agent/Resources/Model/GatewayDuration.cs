namespace NodeMesh.Agent.Resources.Model;

/// <summary>Durations as the Gateway API writes them (GEP-2257): one to four of a number of at most five digits and h, m, s or ms.</summary>
internal static class GatewayDuration
{
    private const int MaxParts = 4;
    private const int MaxDigits = 5;

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var at = 0;
        var parts = 0;
        while (at < text.Length)
        {
            var from = at;
            var number = 0;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                number = (number * 10) + (text[at] - '0');
                if (++at - from > MaxDigits)
                {
                    return false;
                }
            }
            if (at == from || ++parts > MaxParts || !TryUnit(text, ref at, out var unit))
            {
                return false;
            }
            duration += number * unit;
        }
        return parts > 0;
    }

    private static bool TryUnit(string text, ref int at, out TimeSpan unit)
    {
        var rest = text.AsSpan(at);
        var (milliseconds, length) = rest switch
        {
            ['m', 's', ..] => (1, 2),
            ['s', ..] => (1_000, 1),
            ['m', ..] => (60_000, 1),
            ['h', ..] => (3_600_000, 1),
            _ => (0, 0),
        };
        unit = TimeSpan.FromMilliseconds(milliseconds);
        at += length;
        return length > 0;
    }
}
