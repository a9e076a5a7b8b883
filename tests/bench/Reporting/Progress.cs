namespace NodeMesh.Bench.Reporting;

/// <summary>What is going on, on standard error: one line that changes on a terminal, lines of a log elsewhere.</summary>
internal static class Progress
{
    public static void Say(string what)
    {
        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine(what);
        }
        else
        {
            Console.Error.Write($"\r\e[K{what}");
        }
    }

    public static void Clear()
    {
        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write("\r\e[K");
        }
    }
}
