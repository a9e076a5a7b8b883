using System.Diagnostics;

namespace NodeMesh.NodeTests.Kit;

/// <summary>Waits for what must come true soon, by looking again and again; when it does not, the last look is in the failure.</summary>
public static class Eventually
{
    /// <summary>NODEMESH_PATIENCE=5 makes all limits five times as long, for an emulated machine.</summary>
    public static double Patience { get; } = double.Parse(Environment.GetEnvironmentVariable("NODEMESH_PATIENCE") ?? "1", System.Globalization.CultureInfo.InvariantCulture);

    public static Task TrueAsync(string what, Func<Task<bool>> look, TimeSpan? limit = null) =>
        HoldsAsync(what, look, held => held, limit);

    public static Task<T> EqualAsync<T>(string what, T expected, Func<Task<T>> look, TimeSpan? limit = null) =>
        HoldsAsync($"{what}: {expected}", look, seen => EqualityComparer<T>.Default.Equals(seen, expected), limit);

    public static async Task<T> HoldsAsync<T>(string what, Func<Task<T>> look, Func<T, bool> holds, TimeSpan? limit = null)
    {
        var patience = (limit ?? TimeSpan.FromSeconds(10)) * Patience;
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var seen = await look();
            if (holds(seen))
            {
                return seen;
            }
            if (Stopwatch.GetElapsedTime(started) > patience)
            {
                Assert.Fail($"not within {patience.TotalSeconds:0.#} s: {what}; last seen: {seen}");
            }
            await Task.Delay(20);
        }
    }
}
