using System.Buffers;

namespace Duplex;

/// <summary>
/// Sends a message whose content comes from a stream, in constant memory: one fragment after the other, each as soon as
/// its bytes are read. Where only a read of nothing shows that the content has ended, an empty fragment ends the
/// message: 6 bytes, where reading ahead would hold back what a slow content has given.
/// </summary>
/// <remarks>One message. Not thread-safe.</remarks>
internal sealed class StreamSender
{
    /// <summary>
    /// The most bytes of a fragment: a control frame waits for no more than this, and a header of 14 bytes is nothing
    /// beside it.
    /// </summary>
    public const int FragmentSize = 64 * 1024;

    private readonly FrameSender _sender;
    private readonly CloseState _closeState;
    private readonly ISessionEvents _session;
    private readonly Stream _content;
    private readonly FrameType _type;
    private readonly SendOptions _options;
    private readonly Task _sessionEnd;

    // Only touched by the caller's flow: the last read of the content.
    private Task<int> _reading = Task.FromResult(0);

    private StreamSender(
        FrameSender sender, CloseState closeState, ISessionEvents session, Stream content, FrameType type,
        SendOptions options, Task sessionEnd)
    {
        _sender = sender;
        _closeState = closeState;
        _session = session;
        _content = content;
        _type = type;
        _options = options;
        _sessionEnd = sessionEnd;
    }

    private bool HasReadFailed => _reading.IsFaulted || _reading.IsCanceled;

    /// <summary>Sends a message; completes when its last fragment is staged.</summary>
    /// <param name="sender">Sends the fragments.</param>
    /// <param name="closeState">What a send throws once the end has begun.</param>
    /// <param name="session">Ended with 1011 if the message cannot be finished.</param>
    /// <param name="pool">Where the content is read into.</param>
    /// <param name="content">The content.</param>
    /// <param name="type">Text or binary.</param>
    /// <param name="options">What the caller asks for.</param>
    /// <param name="sessionEnd">
    /// Completes when the session has ended: a read that ignores its token is waited for until then.
    /// </param>
    /// <param name="token">
    /// Withdraws the message as long as nothing of it is staged; ends the session from then on.
    /// </param>
    public static async ValueTask SendAsync(
        FrameSender sender, CloseState closeState, ISessionEvents session, ArrayPool<byte> pool,
        Stream content, FrameType type, SendOptions options, Task sessionEnd, CancellationToken token)
    {
        // First what may fail: a caller that holds the gate must be sure to leave it.
        byte[] buffer = pool.Rent(FragmentSize);
        var message = new StreamSender(sender, closeState, session, content, type, options, sessionEnd);
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(token, sender.Stopped);
            await sender.EnterMessageAsync(token).ConfigureAwait(false);
            await message.SendAsync(buffer.AsMemory(0, FragmentSize), stop, token).ConfigureAwait(false);
        }
        finally
        {
            _ = message.ReturnAsync(pool, buffer);
        }
    }

    // Under the gate, which it leaves.
    private async ValueTask SendAsync(Memory<byte> buffer, CancellationTokenSource stop, CancellationToken token)
    {
        try
        {
            await CopyAsync(buffer, stop.Token, token).ConfigureAwait(false);
            _sender.ExitMessage();
        }
        catch (Exception e)
        {
            // The peer has the beginning, and can never get the rest. Before the gate is left: no other message may go
            // between.
            if (_sender is { IsUnfinished: true, IsClosed: false })
                _session.OnSendFault(
                    CloseCode.InternalError,
                    new WebSocketException(
                        "A message that was sent from a stream could not be finished: see the inner exception.", e));
            _sender.ExitMessage();

            // The content is its owner's again when this call fails.
            await stop.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ReadEndAsync().ConfigureAwait(false);

            if (e is OperationCanceledException && token.IsCancellationRequested)
                throw new OperationCanceledException("Sending a message from a stream was cancelled.", e, token);
            if (e is OperationCanceledException && _sender.Stopped.IsCancellationRequested)
                throw _closeState.ToSendException();
            throw;
        }
    }

    private async ValueTask CopyAsync(Memory<byte> buffer, CancellationToken stop, CancellationToken token)
    {
        int start = 0;
        int end = 0;
        while (true)
        {
            // Nothing more is read where it could not be sent.
            token.ThrowIfCancellationRequested();
            if (_sender.IsClosed)
                throw _closeState.ToSendException();
            if (!TryRead(buffer[end..], stop, out int read))
            {
                // What has come goes out while more is waited for.
                if (end > start && !HasReadFailed)
                {
                    await _sender.SendFragmentAsync(
                        _type, buffer[start..end], fin: false, _options, token).ConfigureAwait(false);
                    start = end;
                }

                await ReadEndAsync().ConfigureAwait(false);
                read = _reading.IsCompleted
                    ? await _reading.ConfigureAwait(false)
                    : throw new OperationCanceledException("The session ended while its content was read.");
            }

            end += read;
            if (read > 0 && end < buffer.Length)
                continue;
            await _sender.SendFragmentAsync(
                _type, buffer[start..end], fin: read == 0, _options, token).ConfigureAwait(false);
            if (read == 0)
                return;
            start = 0;
            end = 0;
        }
    }

    // Begins a read; true if it has its result at once.
    private bool TryRead(Memory<byte> buffer, CancellationToken stop, out int read)
    {
        ValueTask<int> reading = _content.ReadAsync(buffer, stop);
        if (reading.IsCompletedSuccessfully)
        {
#pragma warning disable RS0030 // the read has completed
            read = reading.Result;
#pragma warning restore RS0030
            return true;
        }

        _reading = reading.AsTask();
        read = 0;
        return false;
    }

    private Task ReadEndAsync() => _reading.IsCompleted ? Task.CompletedTask : Task.WhenAny(_reading, _sessionEnd);

    // Returns the buffer as soon as no read uses it.
    private async Task ReturnAsync(ArrayPool<byte> pool, byte[] buffer)
    {
        await ((Task)_reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        pool.Return(buffer);
    }
}
