using NodeMesh.Cli.Demo.Mesh;
using NodeMesh.Cli.Demo.Screen;
using NodeMesh.Cli.Traffic;

namespace NodeMesh.Cli.Demo;

/// <summary>Version 2 of web, which a Rollout lets in while the table is shown: the mesh does the rest.</summary>
/// <param name="duration">Of the table; null: until interrupted.</param>
internal sealed class DemoCanary(ResourceDirectory resources, AdminClient admin, TimeSpan? duration)
{
    private static readonly TimeSpan _usual = TimeSpan.FromSeconds(60);

    private bool _hasBegun;

    /// <summary>Time to see how it was before.</summary>
    public static TimeSpan Begins(TimeSpan? duration) => (duration < _usual ? duration.Value : _usual) / 6;

    /// <summary>For how long each step is held: the last ends when there is time left to see it.</summary>
    public static int Hold(TimeSpan? duration) => Math.Max(1, (int)((duration < _usual ? duration.Value : _usual).TotalSeconds * 2 / 15));

    /// <summary>Begins when it is time, and says how far it has come.</summary>
    public async Task<CanaryView> LookAsync(TimeSpan elapsed, TrafficWindow window, CancellationToken cancellation)
    {
        if (Begins(duration) - elapsed is { Ticks: > 0 } left)
        {
            return new CanaryView(0, window.Share($"{DemoCast.Namespace}/{DemoCast.Web}", "web-v2"), $"its first share comes in {Math.Ceiling(left.TotalSeconds):0} s");
        }
        if (!_hasBegun)
        {
            _hasBegun = true;
            resources.Roll(Hold(duration));
        }
        var (weight, message) = await admin.RolloutAsync(DemoCast.Web, cancellation) ?? (0, "it begins");
        return new CanaryView(weight, window.Share($"{DemoCast.Namespace}/{DemoCast.Web}", "web-v2"), message);
    }
}
