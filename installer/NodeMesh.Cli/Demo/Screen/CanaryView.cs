namespace NodeMesh.Cli.Demo.Screen;

/// <summary>How far the new version has come.</summary>
/// <param name="Weight">Its share in percent, as the Rollout has it.</param>
/// <param name="Share">As it is measured, 0 to 1; null: without requests there is none.</param>
internal sealed record CanaryView(int Weight, double? Share, string Message);
