namespace Duplex;

internal sealed partial class FrameSender
{
    // Set and emptied under the gate, read by whoever shuts it.
    private volatile OpenMessage? _streamed;

    private bool IsStreaming => _streamed is not null;

    /// <summary>Begins a message of several fragments. Whoever calls this holds the gate until the message is disposed: no other data goes between, control frames do.</summary>
    /// <param name="type">Text or binary.</param>
    /// <param name="transform">What its sender wishes of the extensions.</param>
    /// <param name="token">Ends the wait for the gate.</param>
    /// <exception cref="WebSocketClosedException">The session takes no more frames.</exception>
    /// <exception cref="InvalidOperationException">A message that a user began in fragments is unfinished.</exception>
    public async ValueTask<OpenMessage> OpenAsync(FrameType type, SendTransform transform, CancellationToken token)
    {
        if (!await _gate.EnterAsync(token).ConfigureAwait(false))
            throw closeState.ToSendException();
        var message = new OpenMessage(this, type, transform);

        // Before it is asked whether the end has begun: whoever begins it closes the pump first, and then looks for a message to stop.
        _streamed = message;
        try
        {
            if (pump.IsClosed)
                throw closeState.ToSendException();
            if (_openMessage is { } open)
                throw new InvalidOperationException($"A fragmented {open} message is unfinished. Finish it with fin = true before another is sent from a stream.");
            return message;
        }
        catch
        {
            message.Dispose();
            throw;
        }
    }

    /// <summary>A message that its sender, who holds the gate, sends in fragments. Not thread-safe, save for <see cref="Stopped"/>.</summary>
    internal sealed class OpenMessage(FrameSender sender, FrameType type, SendTransform transform) : IDisposable
    {
        private readonly CancellationTokenSource _stop = new(); // without timer and links: nothing to dispose

        /// <summary>Fires when no more fragments are taken, because the end of the session has begun; callbacks run on the pool.</summary>
        public CancellationToken Stopped => _stop.Token;

        /// <summary>Whether the peer has, or will have, a part of the message and not its end.</summary>
        public bool IsUnfinished => sender._openMessage is not null;

        /// <summary>Whether no more fragments are taken.</summary>
        public bool IsClosed => sender.IsClosed;

        /// <summary>
        /// Sends a fragment; completes when it is staged. Only the first is judged by an outgoing queue that closes on overflow: the others wait for room, as the rest of a large frame does.
        /// </summary>
        /// <param name="payload">The payload; borrowed until the call completes.</param>
        /// <param name="fin">Whether it is the last.</param>
        /// <param name="token">Withdraws this fragment as long as nothing of it is staged.</param>
        public async ValueTask SendAsync(ReadOnlyMemory<byte> payload, bool fin, CancellationToken token)
        {
            token.ThrowIfCancellationRequested();
            SendPump.Staged outcome;
            try
            {
                var frame = new OutgoingFrame(type, payload, fin, Transform: transform);
                sender.Check(frame);
                outcome = sender.Stage(ref frame, wholeOnly: false, out int taken);
                if (taken < frame.Payload.Length || outcome == SendPump.Staged.NoRoom)
                    outcome = await sender.StageRestAsync(frame, outcome, taken, token).ConfigureAwait(false);
            }
            finally
            {
                sender.ClearTransformed();
            }

            if (outcome == SendPump.Staged.WriteInline)
                sender.WriteInline();
        }

        /// <summary>Leaves the gate. If the message is unfinished, the end of the session must have begun.</summary>
        public void Dispose()
        {
            sender._streamed = null;
            sender.Exit();
        }

        /// <summary>No more fragments are taken.</summary>
        public void Stop() => _ = StopAsync();

        private async Task StopAsync()
        {
            try
            {
                await _stop.CancelAsync().ConfigureAwait(false);
            }
            catch (AggregateException) // a callback of the content's own, which has no part in the end
            {
            }
        }
    }

    private bool IsClosed => pump.IsClosed;

    private void WriteInline() => _ = pump.WriteInlineAsync();
}
