using System.Diagnostics;

namespace NodeMesh.KubernetesTests.Cluster;

internal static class Soon
{
    public static async Task TrueAsync(string what, Func<bool> holds)
    {
        var started = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20), $"not within 20 s: {what}");
            await Task.Delay(10);
        }
    }
}
