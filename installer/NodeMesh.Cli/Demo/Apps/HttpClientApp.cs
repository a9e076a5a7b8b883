namespace NodeMesh.Cli.Demo.Apps;

/// <summary>GETs one URL for ever.</summary>
internal static class HttpClientApp
{
    public static async Task RunAsync(string url, ClientTally tally, int rate)
    {
        using var client = new HttpClient(CountedSockets.Handler(tally)) { Timeout = TimeSpan.FromSeconds(3) };
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rate));
        while (await timer.WaitForNextTickAsync())
        {
            try
            {
                using var response = await client.GetAsync(new Uri(url));
                await response.Content.ReadAsByteArrayAsync();
                if (response.IsSuccessStatusCode)
                {
                    tally.Succeeded();
                }
                else
                {
                    tally.Failed();
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                tally.Failed();
            }
        }
    }
}
