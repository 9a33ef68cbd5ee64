namespace Duplex.Tests;

/// <summary>The URLs that calls ask for.</summary>
internal static class Asked
{
    /// <summary>A block that does nothing.</summary>
    public static Task Nothing(WebSocketSession session) => Task.CompletedTask;

    /// <summary>Makes the calls, and returns the URLs.</summary>
    public static async Task<IEnumerable<string>> ByAsync(params Func<HttpClient, Task>[] calls)
    {
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new WebSocketsHandler(primary));
        foreach (Func<HttpClient, Task> call in calls)
        {
            Task calling = call(client);
            await calling.Soon();
            if (calling.GetType().GetProperty("Result")?.GetValue(calling) is WebSocketSession session)
                await session.DisposeAsync();
        }

        return primary.Requests.Select(request => request.RequestUri!.AbsoluteUri);
    }
}
