using System.Buffers;

namespace Duplex;

/// <summary>
/// Sends a message from a stream, in constant memory. An empty fragment may end it: 6 bytes, where reading ahead would
/// hold back a slow content.
/// </summary>
/// <remarks>One message. Not thread-safe.</remarks>
internal sealed class StreamSender
{
    /// <summary>A control frame waits for no more than this; headers are nothing beside it.</summary>
    public const int FragmentSize = 64 * 1024;

    private readonly FrameSender _sender;
    private readonly CloseState _closeState;
    private readonly ISessionEvents _session;
    private readonly Stream _content;
    private readonly FrameType _type;
    private readonly SendOptions _options;
    private readonly Task _sessionEnd;

    // Only touched by the caller's flow.
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

    /// <summary>The token withdraws the message as long as nothing of it is staged; then it ends the session.</summary>
    /// <remarks>A read that ignores its token is waited for until <paramref name="sessionEnd"/>.</remarks>
    public static async ValueTask SendAsync(
        FrameSender sender, CloseState closeState, ISessionEvents session, ArrayPool<byte> pool,
        Stream content, FrameType type, SendOptions options, Task sessionEnd, CancellationToken token)
    {
        // First what may fail: the holder must be sure to leave the gate.
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
            // The peer can never get the rest. Before the gate is left: no message may go between.
            if (_sender is { IsUnfinished: true, IsClosed: false })
                _session.OnSendFault(
                    CloseCode.InternalError,
                    new WebSocketException(
                        "A message that was sent from a stream could not be finished: see the inner exception.", e));
            _sender.ExitMessage();

            // The content is its owner's again when this fails.
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
            token.ThrowIfCancellationRequested();
            if (_sender.IsClosed)
                throw _closeState.ToSendException();
            if (!TryRead(buffer[end..], stop, out int read))
            {
                // What has come goes out meanwhile.
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

    // Not before the last read has ended.
    private async Task ReturnAsync(ArrayPool<byte> pool, byte[] buffer)
    {
        await ((Task)_reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        pool.Return(buffer);
    }
}
