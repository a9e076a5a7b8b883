namespace NodeMesh.TestApp.Calling;

/// <summary>A client that stays: one request as JSON a line in, one result a line out, as each is done, until stdin ends.</summary>
internal static class CallShell
{
    public static async Task<int> RunAsync(TextReader input, TextWriter output)
    {
        var writing = new SemaphoreSlim(1);
        output.WriteLine("ready");
        while (await input.ReadLineAsync() is { } line)
        {
            _ = AnswerAsync(Arguments.FromJson<CallRequest>(line));
        }
        return 0;

        async Task AnswerAsync(CallRequest request)
        {
            // Off the reading thread: some calls (TCP Fast Open) block.
            var result = await Task.Run(() => Caller.CallAsync(request));
            await writing.WaitAsync();
            try
            {
                await output.WriteLineAsync(Arguments.ToJson(result));
                await output.FlushAsync();
            }
            finally
            {
                writing.Release();
            }
        }
    }
}
