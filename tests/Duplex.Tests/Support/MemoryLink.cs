namespace Duplex.Tests;

/// <summary>Two streams in memory, each the other's end, with as little between them as a socket's buffers hold.</summary>
internal static class MemoryLink
{
    public static (Stream Client, Stream Server) Create()
    {
        Pipe up = new();
        Pipe down = new();
        return (new End(down, up), new End(up, down));
    }

    private sealed class End(Pipe incoming, Pipe outgoing) : BareStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read;
            while (!incoming.TryRead(buffer.Span, out read, out Task? wait))
                await wait!.ConfigureAwait(false);
            return read;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (!buffer.IsEmpty)
            {
                int written = outgoing.Write(buffer.Span, out Task? wait);
                buffer = buffer[written..];
                if (wait is not null)
                    await wait.ConfigureAwait(false);
            }
        }

        protected override void Dispose(bool disposing)
        {
            incoming.Break();
            outgoing.End();
            base.Dispose(disposing);
        }
    }

    private sealed class Pipe
    {
        private readonly Lock _sync = new();
        private readonly byte[] _bytes = new byte[100_000]; // more than one read of the loop, less than one write of the pump

        // All under _sync.
        private int _first;
        private int _count;
        private bool _isEnded;
        private bool _isBroken;
        private TaskCompletionSource? _changed;

        /// <summary>False if nothing has come yet; a read of nothing succeeds when something has.</summary>
        public bool TryRead(Span<byte> buffer, out int read, out Task? wait)
        {
            TaskCompletionSource? changed = null;
            lock (_sync)
            {
                wait = null;
                read = 0;
                if (_count == 0 && !_isEnded && !_isBroken)
                {
                    wait = Next();
                    return false;
                }

                read = _isBroken ? 0 : Math.Min(Math.Min(buffer.Length, _count), _bytes.Length - _first);
                _bytes.AsSpan(_first, read).CopyTo(buffer);
                _first = (_first + read) % _bytes.Length;
                _count -= read;
                if (read > 0)
                    (changed, _changed) = (_changed, null);
            }

            changed?.SetResult();
            return true;
        }

        public int Write(ReadOnlySpan<byte> bytes, out Task? wait)
        {
            TaskCompletionSource? changed;
            int written;
            lock (_sync)
            {
                wait = null;
                if (_isBroken || _isEnded)
                    throw new IOException("The other end is gone.");
                if (_count == _bytes.Length)
                {
                    wait = Next();
                    return 0;
                }

                int at = (_first + _count) % _bytes.Length;
                written = Math.Min(Math.Min(bytes.Length, _bytes.Length - _count), _bytes.Length - at);
                bytes[..written].CopyTo(_bytes.AsSpan(at));
                _count += written;
                (changed, _changed) = (_changed, null);
            }

            changed?.SetResult();
            return written;
        }

        /// <summary>The writer is gone: what it wrote can still be read.</summary>
        public void End() => Change(ref _isEnded);

        /// <summary>The reader is gone.</summary>
        public void Break() => Change(ref _isBroken);

        private void Change(ref bool what)
        {
            TaskCompletionSource? changed;
            lock (_sync)
            {
                what = true;
                (changed, _changed) = (_changed, null);
            }

            changed?.SetResult();
        }

        // Under _sync. Reader and writer never wait at the same time: one for bytes, one for room.
        private Task Next() => (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }
}
