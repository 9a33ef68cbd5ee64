namespace Duplex;

/// <summary>Opens connections by another engine, and passes their frames through a stream of the user's.</summary>
internal sealed class DecoratedEngine(WebSocketEngine inner, Func<Stream, WebSocketCall, Stream> decorate)
    : WebSocketEngine(inner.Profile)
{
    internal override string Below => inner.Below;

    internal override async Task<HttpResponseMessage> OpenAsync(
        EnginePlugin plugin,
        HttpRequestMessage marker,
        WebSocketRequest request,
        HandshakeDeadline deadline,
        CancellationToken token)
    {
        HttpResponseMessage answer = await inner.OpenAsync(
            plugin, marker, request, deadline, token).ConfigureAwait(false);
        if (answer.Content is not OpenedContent content || content.TryTake() is not { } connection)
            return answer;

        try
        {
            answer.Content = new OpenedContent(Decorate(connection));
            return answer;
        }
        catch
        {
            connection.Dispose();
            answer.Dispose();
            throw;
        }
    }

    private OpenedConnection Decorate(OpenedConnection connection)
    {
        Stream? stream;
        try
        {
            stream = decorate(connection.Stream, connection.Call);
        }
        catch (Exception e)
        {
            throw new WebSocketHandshakeException(HandshakeRefusals.DecorateThrew.Failure(), e);
        }

        if (stream is { CanRead: true, CanWrite: true })
            return connection with { Stream = stream, Owner = new DecoratedOwner(stream, connection.Owner) };
        stream?.Dispose();
        throw new WebSocketHandshakeException(HandshakeRefusals.DecorateGaveNoStream.Failure());
    }

    // The user's stream first, which may hold a read or a write that the connection does not know.
    private sealed class DecoratedOwner(Stream stream, IDisposable connection) : IDisposable
    {
        public void Dispose()
        {
            try
            {
                stream.Dispose();
            }
            finally
            {
                connection.Dispose();
            }
        }
    }
}
