namespace Duplex;

/// <summary>Lets one sender through after the other, in the order in which they came. Thread-safe.</summary>
internal sealed class SenderLine
{
    private readonly Lock _sync = new();

    // Under _sync.
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private bool _isTaken;

    /// <summary>Completes when it is the caller's turn, which <see cref="Exit"/> ends.</summary>
    public ValueTask EnterAsync(CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled(token);
        LinkedListNode<TaskCompletionSource> place;
        lock (_sync)
        {
            if (!_isTaken)
            {
                _isTaken = true;
                return default;
            }

            place = _waiting.AddLast(
                new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        return WaitAsync(place, token);
    }

    public void Exit()
    {
        TaskCompletionSource? next;
        lock (_sync)
        {
            next = _waiting.First?.Value;
            if (next is null)
                _isTaken = false;
            else
                _waiting.RemoveFirst();
        }

        next?.SetResult();
    }

    private async ValueTask WaitAsync(LinkedListNode<TaskCompletionSource> place, CancellationToken token)
    {
        using (token.UnsafeRegister(
            static (state, token) =>
            {
                var (line, place) = ((SenderLine, LinkedListNode<TaskCompletionSource>))state!;
                lock (line._sync)
                {
                    if (place.List is null)
                        return; // its turn came first
                    line._waiting.Remove(place);
                }

                place.Value.TrySetCanceled(token);
            },
            (this, place)))
        {
            await place.Value.Task.ConfigureAwait(false);
        }
    }
}
