using System.Buffers;

namespace Duplex;

/// <summary>
/// Sends messages whose content comes from a stream, in constant memory: one fragment after the other, each as soon as its bytes are read. Where the content's end is found only by a
/// read that gives nothing, an empty fragment ends the message: 6 bytes, where reading ahead would hold back what a slow content has given.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class OutgoingStreams(FrameSender sender, SessionLifetime lifetime, CloseState closeState, ArrayPool<byte> pool)
{
    /// <summary>The most bytes of a fragment: a control frame waits for no more than this, and a header of 14 bytes is nothing beside it.</summary>
    public const int FragmentSize = 64 * 1024;

    /// <summary>Sends a message; completes when its last fragment is staged.</summary>
    public async ValueTask SendAsync(Stream content, FrameType type, SendTransform transform, CancellationToken token)
    {
        FrameSender.OpenMessage message = await sender.OpenAsync(type, transform, token).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token, message.Stopped);
        byte[] buffer = pool.Rent(FragmentSize);
        var reading = new Reading(content, lifetime.Completion);
        bool isOpen = true; // whether the message still holds the gate
        try
        {
            await CopyAsync(reading, message, buffer.AsMemory(0, FragmentSize), stop.Token, token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The peer has the beginning, and nobody can give it the rest. Before the gate is left: no other message may go between.
            if (message is { IsUnfinished: true, IsClosed: false })
            {
                var error = new WebSocketException("A message that was sent from a stream could not be finished: see the inner exception.", e);
                lifetime.TryEnd(CloseCause.Failure(new CloseReason(CloseCode.InternalError), error));
            }

            message.Dispose();
            isOpen = false;

            // The content is its owner's again when this call fails.
            await stop.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await reading.IsOverAsync().ConfigureAwait(false);

            if (e is OperationCanceledException && token.IsCancellationRequested)
                throw new OperationCanceledException("Sending a message from a stream was cancelled.", e, token);
            if (e is OperationCanceledException && message.Stopped.IsCancellationRequested)
                throw closeState.ToSendException();
            throw;
        }
        finally
        {
            if (isOpen)
                message.Dispose();
            _ = reading.ReturnAsync(pool, buffer);
        }
    }

    private async ValueTask CopyAsync(Reading reading, FrameSender.OpenMessage message, Memory<byte> buffer, CancellationToken stop, CancellationToken token)
    {
        int start = 0;
        int end = 0;
        while (true)
        {
            // Nothing more is read where it could not be sent.
            token.ThrowIfCancellationRequested();
            if (message.IsClosed)
                throw closeState.ToSendException();
            if (!reading.TryRead(buffer[end..], stop, out int read))
            {
                // What has come goes out while more is waited for.
                if (end > start && !reading.HasFailed)
                {
                    await message.SendAsync(buffer[start..end], fin: false, token).ConfigureAwait(false);
                    start = end;
                }

                read = await reading.WaitAsync().ConfigureAwait(false);
            }

            end += read;
            if (read > 0 && end < buffer.Length)
                continue;
            await message.SendAsync(buffer[start..end], fin: read == 0, token).ConfigureAwait(false);
            if (read == 0)
                return;
            start = 0;
            end = 0;
        }
    }

    // The reads of a content, one at a time. One that heeds no token is waited for until the session has ended, and no longer.
    private sealed class Reading(Stream content, Task sessionEnd)
    {
        // Only touched by the sender.
        private Task<int> _last = Task.FromResult(0);

        public bool HasFailed => _last.IsFaulted || _last.IsCanceled;

        /// <summary>Begins a read; true if it gave its result at once.</summary>
        public bool TryRead(Memory<byte> buffer, CancellationToken stop, out int read)
        {
            ValueTask<int> reading = content.ReadAsync(buffer, stop);
            if (reading.IsCompletedSuccessfully)
            {
                read = reading.Result;
                return true;
            }

            _last = reading.AsTask();
            read = 0;
            return false;
        }

        public async ValueTask<int> WaitAsync()
        {
            await IsOverAsync().ConfigureAwait(false);
            return _last.IsCompleted ? await _last.ConfigureAwait(false) : throw new OperationCanceledException("The session ended while its content was read.");
        }

        public Task IsOverAsync() => _last.IsCompleted ? Task.CompletedTask : Task.WhenAny(_last, sessionEnd);

        /// <summary>Gives the buffer back as soon as no read uses it.</summary>
        public async Task ReturnAsync(ArrayPool<byte> pool, byte[] buffer)
        {
            await ((Task)_last).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pool.Return(buffer);
        }
    }
}
