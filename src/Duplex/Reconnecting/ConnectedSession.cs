using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// One connection of those that are kept, for a block or for a hook of <c>OnConnected</c>. Receive through it, not
/// through <see cref="Session"/>: when the hook has returned, it takes no more messages.
/// </summary>
/// <remarks>Thread-safe.</remarks>
[SuppressMessage(
    "Design", "CA1001",
    Justification = "The token source has no timer and no links, so it holds nothing to dispose.")]
public sealed class ConnectedSession
{
    private readonly Lock _sync = new();
    private readonly CancellationTokenSource _revoked = new();
    private readonly bool _isBlock;

    // Under _sync.
    private bool _isRevoked;

    // Set by any thread, once.
    private volatile bool _isDone;

    internal ConnectedSession(
        DefaultClientWebSocketSession session, int epoch, DisconnectVerdict? previous, bool isBlock)
    {
        Session = session;
        Epoch = epoch;
        Previous = previous;
        _isBlock = isBlock;
    }

    /// <summary>The number of the connection, from 1.</summary>
    public int Epoch { get; }

    /// <summary>Why the attempt or connection before it ended; null for the first.</summary>
    public DisconnectVerdict? Previous { get; }

    /// <summary>The session, for what this type has no member for: typed messages, pings, its subprotocol.</summary>
    public DefaultClientWebSocketSession Session { get; }

    /// <summary>The messages received, as <see cref="WebSocketSession.Incoming"/> has them.</summary>
    /// <exception cref="InvalidOperationException">The hook has returned.</exception>
    public IAsyncEnumerable<Frame> Incoming => ReceiveAllAsync();

    internal bool IsDone => _isDone;

    /// <summary>Receives the next message.</summary>
    /// <param name="cancellationToken">Cancels the wait only; no message is lost.</param>
    /// <returns>The message; null after a normal close by either side.</returns>
    /// <exception cref="WebSocketException">The session ended in another way.</exception>
    /// <exception cref="InvalidOperationException">The hook has returned.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<Frame?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (TryTake() is { } frame)
                return frame;
            if (!await WaitAsync(cancellationToken).ConfigureAwait(false))
                return null;
        }
    }

    /// <summary>Sends a text message.</summary>
    /// <inheritdoc cref="WebSocketSession.SendAsync(string, CancellationToken)"
    /// path="/node()[not(self::summary|self::example)]"/>
    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default) =>
        Session.SendAsync(text, cancellationToken);

    /// <summary>Sends a binary message.</summary>
    /// <inheritdoc cref="WebSocketSession.SendAsync(ReadOnlyMemory{byte}, CancellationToken)"
    /// path="/node()[not(self::summary)]"/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        Session.SendAsync(data, cancellationToken);

    /// <summary>Sends a frame.</summary>
    /// <inheritdoc cref="WebSocketSession.SendAsync(Frame, CancellationToken)" path="/node()[not(self::summary)]"/>
    public ValueTask SendAsync(Frame frame, CancellationToken cancellationToken = default) =>
        Session.SendAsync(frame, cancellationToken);

    /// <summary>Ends staying connected: there is no further connection, however this one ends.</summary>
    /// <exception cref="InvalidOperationException">
    /// This is a hook of a <see cref="ReconnectingWebSocket"/>: close that.
    /// </exception>
    public void Done()
    {
        if (!_isBlock)
        {
            throw new InvalidOperationException(
                "Done ends StayConnectedAsync, and this is a hook of a ReconnectingWebSocket. Close that with " +
                "CloseAsync.");
        }

        _isDone = true;
    }

    /// <summary>No frame is taken after this; waits end.</summary>
    internal void Revoke()
    {
        lock (_sync)
            _isRevoked = true;
        Abandoned.Cancel(_revoked);
    }

    private Frame? TryTake()
    {
        lock (_sync)
        {
            if (_isRevoked)
            {
                throw new InvalidOperationException(
                    "The hook, or block, of this connection has returned, so it receives nothing more. Receive " +
                    "within it, and await what you start there.");
            }

            return Session.Incoming.TryRead(out Frame? frame) ? frame : null;
        }
    }

    private async ValueTask<bool> WaitAsync(CancellationToken token)
    {
        // One source for both tokens is made only where a caller gives one.
        using var both = token.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(token, _revoked.Token)
            : null;
        try
        {
            return await Session.Incoming.WaitToReadAsync(both?.Token ?? _revoked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            return true; // revoked: the next take says so
        }
        catch (OperationCanceledException e)
        {
            throw new OperationCanceledException(e.Message, e, token);
        }
    }

    private async IAsyncEnumerable<Frame> ReceiveAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } frame)
            yield return frame;
    }
}
