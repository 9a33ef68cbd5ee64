namespace Duplex;

/// <summary>
/// Sends each request through a client's handlers as the factory has them then. A client that is kept would use the
/// handlers of its creation, with the options of that time.
/// </summary>
internal sealed class RenewedHandler(IHttpMessageHandlerFactory handlers, string client) : HttpMessageHandler
{
    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // The factory disposes its handlers.
        using var invoker = new HttpMessageInvoker(handlers.CreateHandler(client), disposeHandler: false);
        return await invoker.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }
}
